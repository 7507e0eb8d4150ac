/* SPDX-License-Identifier: GPL-2.0-or-later
 * Every operation on tones and colours with each number at its bounds and each choice, from the table itself: it gives a picture, tiles
 * equal the whole, and alpha keeps its values where the depth stays. */
#include "tone_support.h"

/* A value that any operation takes for what it must be given. */
static void add_value(GString *text, const struct param *param, const char *value)
{
	g_string_append_printf(text, "%s'%s':%s", text->len ? "," : "", param->name, value);
}

static char *required_values(const struct operation *operation, const char *except)
{
	GString *text = g_string_new(NULL);

	for (const struct param *p = operation->params; p->name; p++) {
		if (!p->required || g_strcmp0(p->name, except) == 0)
			continue;
		if (p->type == PARAM_COLOUR)
			add_value(text, p, "'#2040ff'");
		else if (p->type == PARAM_DOUBLE)
			add_value(text, p, "1");
		else if (p->type == PARAM_CHOICE)
			add_value(text, p, "'srgb'");
		else
			add_value(text, p, "[[0.5,-1,2],[1000,0,0],[-1000,0.1,0.2]]");
	}
	return g_string_free(text, FALSE);
}

static void assert_works(const struct operation *operation, const struct param *param, const char *value)
{
	g_autofree char *others = required_values(operation, param ? param->name : NULL);
	g_autofree char *own =
		param ? g_strdup_printf("'%s':%s%s", param->name, value, *others ? "," : "") : g_strdup("");
	g_autofree char *params = g_strdup_printf("{%s%s}", own, others);
	g_autofree char *step = g_strdup_printf("{'op':'%s','params':%s}", operation->name, params);
	g_autofree char *json = g_strdelimit(g_strdup(params), "'", '"');
	g_autoptr(JsonNode) node = json_from_string(json, NULL);

	assert_non_null(node);
	/* Such as black at 100 per cent with white left there. */
	const struct args args = {operation->params, json_node_get_object(node)};
	if (operation->check && !operation->check(&args, NULL))
		return;
	for (size_t kind = 3; kind < G_N_ELEMENTS(kinds); kind += 4) {
		g_autoptr(VipsImage) in = of_kind(kind);
		g_autoptr(VipsImage) out = with_steps(step, in);
		g_autofree double *before = values_of(in);
		g_autofree double *after = values_of(out);
		bool alpha_too = g_str_equal(operation->name, "invert") && g_strcmp0(value, "false") != 0;
		for (int p = 1; in->BandFmt == out->BandFmt && !alpha_too && p <= WIDTH * HEIGHT; p++)
			if (before[p * in->Bands - 1] != after[p * out->Bands - 1])
				fail_msg("%s changes alpha", step);
		if (!(flags_of(step) & OPERATION_READS_METADATA))
			assert_tiles_equal_whole(step, kind);
	}
}

static void at_bounds(const struct operation *operation, const struct param *param)
{
	g_autofree char *least = g_strdup_printf("%.15g", param->min);
	g_autofree char *most = g_strdup_printf("%.15g", param->max);
	g_autofree char *least_list = g_strdup_printf("[%s]", least);
	g_autofree char *most_list = g_strdup_printf("[%s]", most);

	switch (param->type) {
	case PARAM_INT:
	case PARAM_DOUBLE:
		assert_works(operation, param, least);
		assert_works(operation, param, most);
		break;
	case PARAM_NUMBERS:
		assert_works(operation, param, least_list);
		assert_works(operation, param, most_list);
		break;
	case PARAM_COLOUR:
		assert_works(operation, param, "'#ff0000'");
		assert_works(operation, param, "'white'");
		break;
	case PARAM_BOOL:
		assert_works(operation, param, "true");
		assert_works(operation, param, "false");
		break;
	case PARAM_CHOICE:
		for (const char *const *choice = param->choices; *choice; choice++) {
			g_autofree char *quoted = g_strdup_printf("'%s'", *choice);
			assert_works(operation, param, quoted);
		}
		break;
	default:
		break;
	}
}

static void test_bounds(void **state)
{
	const struct operation *operation;
	guint tried = 0;

	for (guint i = 0; (operation = operation_at(i)); i++) {
		if (!g_str_equal(operation->group, "tone") && !g_str_equal(operation->group, "colour"))
			continue;
		tried++;
		for (const struct param *p = operation->params; p->name; p++)
			at_bounds(operation, p);
		if (!g_str_equal(operation->name, "curves")) /* needs one of four */
			assert_works(operation, NULL, NULL);
	}
	assert_true(tried >= 26);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds)};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
