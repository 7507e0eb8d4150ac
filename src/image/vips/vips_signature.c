/* SPDX-License-Identifier: GPL-2.0-or-later
 * Introspection: see vips_signature.h. */
#include "image/vips/vips_signature.h"

#include <string.h>

#include "image/vips/vips_image_value.h"

static void argument_free(gpointer data)
{
	struct vips_argument *argument = data;

	g_free(argument->name);
	g_free(argument);
}

void vips_signature_free(struct vips_signature *signature)
{
	if (!signature)
		return;
	g_ptr_array_unref(signature->arguments);
	g_free(signature->refusal);
	g_free(signature);
}

static void refuse(struct vips_signature *signature, const char *reason)
{
	if (!signature->refusal)
		signature->refusal = g_strdup(reason);
}

static bool is_settable(GParamSpec *spec)
{
	GType type = G_PARAM_SPEC_VALUE_TYPE(spec);

	return vips_image_value_is_one(spec) || vips_image_value_is_list(spec) || type == G_TYPE_BOOLEAN ||
	       type == G_TYPE_INT || type == G_TYPE_UINT64 || type == G_TYPE_DOUBLE || type == G_TYPE_STRING ||
	       G_TYPE_IS_ENUM(type) || type == VIPS_TYPE_ARRAY_DOUBLE || type == VIPS_TYPE_ARRAY_INT ||
	       type == VIPS_TYPE_INTERPOLATE;
}

static void add_input(struct vips_signature *signature, GParamSpec *spec, VipsArgumentFlags flags)
{
	bool required = flags & VIPS_ARGUMENT_REQUIRED;
	bool deprecated = flags & VIPS_ARGUMENT_DEPRECATED;
	bool is_image = required && !deprecated && vips_image_value_is_one(spec);

	if (is_image && flags & VIPS_ARGUMENT_MODIFY)
		refuse(signature, "draws into its input instead of giving a new image");
	struct vips_argument *argument = g_new0(struct vips_argument, 1);
	argument->name = g_strdelimit(g_strdup(g_param_spec_get_name(spec)), "-", '_');
	argument->spec = spec;
	argument->image = is_image;
	argument->required = required;
	argument->deprecated = deprecated;
	argument->settable = is_settable(spec);
	g_ptr_array_add(signature->arguments, argument);
	if (required && !deprecated && !argument->settable) {
		g_autofree char *reason = g_strdup_printf("needs %s, which a step cannot give", argument->name);
		refuse(signature, reason);
	}
}

static void *add_argument(
	VipsObjectClass *class G_GNUC_UNUSED, GParamSpec *spec, VipsArgumentClass *argument, void *data, void *unused)
{
	struct vips_signature *signature = data;
	VipsArgumentFlags flags = argument->flags;

	(void)unused;
	/* nickname and description of every libvips object are arguments too, but not of the construction. */
	if (!(flags & VIPS_ARGUMENT_CONSTRUCT))
		return NULL;
	if (flags & VIPS_ARGUMENT_INPUT) {
		add_input(signature, spec, flags);
	} else if (flags & VIPS_ARGUMENT_OUTPUT && flags & VIPS_ARGUMENT_REQUIRED &&
		   !(flags & VIPS_ARGUMENT_DEPRECATED) && g_type_is_a(G_PARAM_SPEC_VALUE_TYPE(spec), VIPS_TYPE_IMAGE)) {
		if (signature->out)
			refuse(signature, "gives more than one image");
		signature->out = g_param_spec_get_name(spec);
	}
	return NULL;
}

static int required_first(gconstpointer a, gconstpointer b)
{
	const struct vips_argument *x = *(struct vips_argument *const *)a, *y = *(struct vips_argument *const *)b;

	/* Images stay in libvips' order (the sort is stable), though the first need not be given. */
	return (int)(y->required || y->image || y->images) - (int)(x->required || x->image || x->images);
}

/* Where the picture may go: to an image, or else to a list of images. It need not be given then. */
static bool find_places(struct vips_signature *signature)
{
	bool any = false;

	for (guint i = 0; i < signature->arguments->len; i++) {
		struct vips_argument *argument = signature->arguments->pdata[i];
		argument->images =
			argument->required && !argument->deprecated && vips_image_value_is_list(argument->spec);
		if (argument->image || argument->images) {
			argument->required = argument->required && any;
			any = true;
		}
	}
	return any;
}

const struct vips_argument *vips_signature_place(const struct vips_signature *signature, JsonObject *params)
{
	const struct vips_argument *list = NULL;

	for (guint i = 0; i < signature->arguments->len; i++) {
		const struct vips_argument *argument = signature->arguments->pdata[i];
		if (argument->image && !json_object_has_member(params, argument->name))
			return argument;
		if (argument->images && !list)
			list = argument;
	}
	return list;
}

const struct vips_argument *vips_signature_missing(
	const struct vips_signature *signature, JsonObject *params, const struct vips_argument *place, guint *index)
{
	while (*index < signature->arguments->len) {
		const struct vips_argument *argument = signature->arguments->pdata[(*index)++];
		bool needed = (argument->required || argument->image || argument->images) && !argument->deprecated;
		if (needed && argument != place && !json_object_has_member(params, argument->name))
			return argument;
	}
	return NULL;
}

bool vips_signature_has_images(const struct vips_signature *signature)
{
	guint count = 0;

	for (guint i = 0; i < signature->arguments->len; i++) {
		const struct vips_argument *argument = signature->arguments->pdata[i];
		count += argument->images ? 2 : argument->image;
	}
	return count > 1;
}

static struct vips_signature *signature_of_type(GType type)
{
	gpointer class = g_type_class_ref(type);
	struct vips_signature *signature = g_new0(struct vips_signature, 1);

	signature->nickname = VIPS_OBJECT_CLASS(class)->nickname;
	signature->description = VIPS_OBJECT_CLASS(class)->description;
	signature->vips_flags = VIPS_OPERATION_CLASS(class)->flags;
	signature->arguments = g_ptr_array_new_with_free_func(argument_free);
	if (g_type_is_a(type, VIPS_TYPE_FOREIGN))
		refuse(signature, "loads or saves files, which dropmill does itself");
	if (signature->vips_flags & VIPS_OPERATION_DEPRECATED)
		refuse(signature, "is deprecated");
	if (signature->vips_flags & VIPS_OPERATION_BLOCKED)
		refuse(signature, "is blocked");
	vips_argument_class_map(VIPS_OBJECT_CLASS(class), add_argument, signature, NULL);
	if (g_str_equal(signature->nickname, "system"))
		refuse(signature, "runs a command of the system");
	if (!find_places(signature))
		refuse(signature, "takes no image");
	if (!signature->out)
		refuse(signature, "gives no image");
	g_ptr_array_sort(signature->arguments, required_first);
	g_type_class_unref(class); /* libvips' classes are never unloaded, so names stay */
	return signature;
}

struct vips_signature *vips_signature_new(const char *name)
{
	GType type = vips_type_find("VipsOperation", name);

	if (!type) {
		vips_error_clear();
		return NULL;
	}
	return G_TYPE_IS_ABSTRACT(type) ? NULL : signature_of_type(type);
}

const struct vips_argument *vips_signature_argument(const struct vips_signature *signature, const char *name)
{
	g_autofree char *wanted = g_strdelimit(g_strdup(name), "-", '_');

	for (guint i = 0; i < signature->arguments->len; i++) {
		const struct vips_argument *argument = signature->arguments->pdata[i];
		if (g_str_equal(argument->name, wanted))
			return argument;
	}
	return NULL;
}

static void *add_usable(GType type, void *data)
{
	if (!G_TYPE_IS_ABSTRACT(type)) {
		auto_struct(vips_signature) signature = signature_of_type(type);
		if (!signature->refusal &&
			!g_ptr_array_find_with_equal_func(data, signature->nickname, g_str_equal, NULL))
			g_ptr_array_add(data, (gpointer)signature->nickname);
	}
	return NULL;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *vips_signature_usable(void)
{
	static GPtrArray *usable;

	if (g_once_init_enter(&usable)) {
		GPtrArray *found = g_ptr_array_new();
		vips_type_map_all(g_type_from_name("VipsOperation"), add_usable, found);
		g_ptr_array_sort(found, by_name);
		g_ptr_array_add(found, NULL);
		g_once_init_leave(&usable, found);
	}
	return (const char *const *)usable->pdata;
}

GPtrArray *vips_signature_nicks(GType type)
{
	GEnumClass *class = g_type_class_ref(type);
	GPtrArray *nicks = g_ptr_array_new();

	for (guint i = 0; i < class->n_values; i++)
		if (class->values[i].value >= 0 && !g_str_equal(class->values[i].value_nick, "last"))
			g_ptr_array_add(nicks, (gpointer) class->values[i].value_nick);
	g_ptr_array_add(nicks, NULL);
	g_type_class_unref(class);
	return nicks;
}
