/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files of the page: see asset.h. */
#include "web/static_file.h"

#include <gio/gio.h>
#include <string.h>

#define FOLDER "/dropmill"

GResource *assets_get_resource(void); /* made by glib-compile-resources */

struct asset {
	const char *type;
	GBytes *plain, *gzip; /* gzip: NULL when it would not be shorter */
	char *plain_etag, *gzip_etag;
};

static const char *type_of(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".svg", "image/svg+xml"},
		{".json", "application/json"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_has_suffix(name, types[i].ending))
			return types[i].type;
	return "application/octet-stream";
}

/* NULL when it would not be shorter. Without a file's name and time in the header: same bytes, same ETag. */
static GBytes *compress(GBytes *plain)
{
	g_autoptr(GZlibCompressor) packer = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9);
	g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();
	g_autoptr(GOutputStream) stream = g_converter_output_stream_new(memory, G_CONVERTER(packer));
	gsize length = 0;
	const void *data = g_bytes_get_data(plain, &length);

	if (!g_output_stream_write_all(stream, data, length, NULL, NULL, NULL) ||
		!g_output_stream_close(stream, NULL, NULL))
		return NULL;
	g_autoptr(GBytes) packed = g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(memory));
	return g_bytes_get_size(packed) < length ? g_steal_pointer(&packed) : NULL;
}

/* A variant has a tag of its own: RFC 9110, 8.8.3.3. */
static char *etag_of(GBytes *bytes)
{
	g_autofree char *sum = bytes ? g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes) : NULL;
	return sum ? g_strdup_printf("\"%.20s\"", sum) : NULL;
}

static GHashTable *load(void)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) names =
		g_resource_enumerate_children(assets_get_resource(), FOLDER, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

	for (char **name = names; name && *name; name++) {
		g_autofree char *path = g_strconcat(FOLDER "/", *name, NULL);
		struct asset *asset = g_new0(struct asset, 1);
		asset->type = type_of(*name);
		asset->plain = g_resource_lookup_data(assets_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
		asset->gzip = compress(asset->plain);
		asset->plain_etag = etag_of(asset->plain);
		asset->gzip_etag = etag_of(asset->gzip);
		g_hash_table_insert(table, g_strdup(*name), asset);
	}
	return table;
}

static const struct asset *find(const char *name)
{
	static GHashTable *table;

	if (g_once_init_enter(&table))
		g_once_init_leave(&table, load());
	return g_hash_table_lookup(table, name);
}

/* "gzip;q=0" is a no; the value of any other q is for servers that have a choice of their own. */
static bool refuses(const char *parameters)
{
	g_auto(GStrv) parts = g_strsplit(parameters, ";", -1);

	for (char **part = parts; *part; part++) {
		const char *text = g_strstrip(*part);
		if (g_ascii_strncasecmp(text, "q=", 2) == 0 && g_ascii_strtod(text + 2, NULL) <= 0)
			return true;
	}
	return false;
}

bool static_file_accepts_gzip(const char *header)
{
	g_auto(GStrv) codings = g_strsplit(header ? header : "", ",", -1);
	bool any = false;

	for (char **coding = codings; *coding; coding++) {
		char *parameters = strchr(*coding, ';');
		if (parameters)
			*parameters++ = '\0';
		const char *name = g_strstrip(*coding);
		bool taken = !parameters || !refuses(parameters);
		if (g_ascii_strcasecmp(name, "gzip") == 0 || g_ascii_strcasecmp(name, "x-gzip") == 0)
			return taken;
		any |= strcmp(name, "*") == 0 && taken;
	}
	return any;
}

int static_file_send(struct request *request, const char *name)
{
	const struct asset *asset = find(name);

	if (!asset)
		return answer_error(request, 404, "%s is not part of the page, which is at /", name);
	bool packed = asset->gzip && static_file_accepts_gzip(request_header(request, "Accept-Encoding"));
	GBytes *bytes = packed ? asset->gzip : asset->plain;
	struct answer answer = {
		.status = 200,
		.type = asset->type,
		.etag = packed ? asset->gzip_etag : asset->plain_etag,
		.length = (gint64)g_bytes_get_size(bytes),
		.extra = packed ? "Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\n" : "Vary: Accept-Encoding\r\n",
	};
	if (etag_listed(request_header(request, "If-None-Match"), answer.etag))
		answer.status = 304;
	return answer_send(request, &answer, g_bytes_get_data(bytes, NULL));
}
