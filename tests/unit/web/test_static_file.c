/* SPDX-License-Identifier: GPL-2.0-or-later
 * The files of the page: every one that is built in is served, plain and as gzip, and none of ours can make markup of a name. */

#include "../unit.h"

#include <gio/gio.h>

#include "served.h"
#include "web/static_file.h"

GResource *assets_get_resource(void);

static void header_is(const struct reply *reply, const char *name, const char *wanted)
{
	g_autofree char *value = reply_header(reply, name);
	if (g_strcmp0(value, wanted) != 0)
		fail_msg("%s is '%s', not '%s'", name, value ? value : "(missing)", wanted ? wanted : "(missing)");
}

static char **names(void)
{
	char **list =
		g_resource_enumerate_children(assets_get_resource(), "/dropmill", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
	assert_non_null(list);
	assert_true(g_strv_length(list) >= 5);
	return list;
}

static struct reply ask(const char *name, const char *extra)
{
	g_autofree char *path = g_strconcat("/assets/", name, NULL);
	return http_ask(web_port(served), "GET", path, extra);
}

static char *unpack(const struct reply *reply)
{
	g_autoptr(GZlibDecompressor) unpacker = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
	g_autoptr(GInputStream) memory = g_memory_input_stream_new_from_data(reply->body, (gssize)reply->length, NULL);
	g_autoptr(GInputStream) stream = g_converter_input_stream_new(memory, G_CONVERTER(unpacker));
	char *text = g_malloc0(4 << 20);
	assert_true(g_input_stream_read_all(stream, text, (4 << 20) - 1, NULL, NULL, NULL));
	return text;
}

static void test_plain_and_gzip(void **state)
{
	g_auto(GStrv) list = names();

	for (char **name = list; *name; name++) {
		auto_reply plain = ask(*name, "");
		auto_reply packed = ask(*name, "Accept-Encoding: gzip, deflate, br\r\n");
		assert_int_equal(plain.status, 200);
		assert_int_equal(packed.status, 200);
		header_is(&plain, "Content-Encoding", NULL);
		header_is(&plain, "Vary", "Accept-Encoding");
		header_is(&packed, "Vary", "Accept-Encoding");
		header_is(&packed, "Content-Encoding", "gzip");
		assert_true(packed.length < plain.length);
		g_autofree char *text = unpack(&packed);
		assert_string_equal(text, plain.body);
		g_autofree char *one = reply_header(&plain, "ETag");
		g_autofree char *two = reply_header(&packed, "ETag");
		assert_string_not_equal(one, two);
		g_autofree char *known = g_strdup_printf("Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", two);
		auto_reply again = ask(*name, known);
		assert_int_equal(again.status, 304);
		assert_int_equal(again.length, 0);
	}
}

static void test_accept_encoding(void **state)
{
	static const char *const taken[] = {
		"gzip", "GZIP", "x-gzip", "br, gzip", "gzip;q=0.5", "gzip ; q=1", "*", "*;q=0, gzip", "deflate,\tgzip"};
	static const char *const refused[] = {
		NULL, "", "br", "gzip;q=0", "gzip; q=0.0", "*;q=0", "gzip;q=0, *", "gzipped", ",,;", "identity"};

	for (gsize i = 0; i < G_N_ELEMENTS(taken); i++)
		if (!static_file_accepts_gzip(taken[i]))
			fail_msg("'%s' takes gzip", taken[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
		if (static_file_accepts_gzip(refused[i]))
			fail_msg("'%s' does not take gzip", refused[i] ? refused[i] : "(none)");
}

/* Names of files reach the browser as JSON alone, and our scripts have no way to make markup of them. */
static void test_no_way_to_markup(void **state)
{
	static const char *const dangerous[] = {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
		"eval(", "new Function", "javascript:", "DOMParser", "createContextualFragment", "setHTML", "srcdoc"};
	g_auto(GStrv) list = names();

	for (char **name = list; *name; name++) {
		auto_reply file = ask(*name, "");
		for (gsize i = 0; strcmp(*name, "chart.js") != 0 && i < G_N_ELEMENTS(dangerous); i++)
			if (strstr(file.body, dangerous[i]))
				fail_msg("%s has %s", *name, dangerous[i]);
		if (strstr(file.body, "http://") && !strstr(file.body, "http://www.w3.org/2000/svg"))
			fail_msg("%s names a foreign address", *name);
	}
	auto_reply page = http_get(web_port(served), "/");
	assert_null(strstr(page.body, " style="));
	assert_null(strstr(page.body, "<script>"));
	assert_null(strstr(page.body, "<style"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_and_gzip),
		cmocka_unit_test(test_accept_encoding),
		cmocka_unit_test(test_no_way_to_markup),
	};
	return cmocka_run_group_tests(tests, served_start, served_stop);
}
