/* SPDX-License-Identifier: GPL-2.0-or-later
 * A task's chain against the table: what the checker of definitions lets through passes, anything else does not. */
#include "support.h"

#include "base/json.h"
#include "image/chain/check_task.h"

static void passes(const char *steps)
{
	g_autofree char *text = g_strdup_printf("{\"steps\":%s,\"outputs\":[{\"steps\":%s}]}", steps, steps);
	g_autoptr(JsonObject) spec = json_parse_object(text, -1, NULL);
	g_autoptr(GError) error = NULL;

	assert_non_null(spec);
	if (!check_task(spec, &error))
		fail_msg("%s: %s", steps, error->message);
}

static void refuses(const char *steps, const char *why)
{
	static const char *const places[] = {
		"{\"steps\":%s,\"outputs\":[]}", "{\"steps\":[],\"outputs\":[{\"steps\":[]},{\"steps\":%s}]}"};

	for (int i = 0; i < 2; i++) {
		g_auto(GStrv) halves = g_strsplit(places[i], "%s", 2);
		g_autofree char *text = g_strconcat(halves[0], steps, halves[1], NULL);
		g_autoptr(JsonObject) spec = json_parse_object(text, -1, NULL);
		g_autoptr(GError) error = NULL;
		assert_non_null(spec);
		if (check_task(spec, &error))
			fail_msg("%s passes", text);
		if (!strstr(error->message, why))
			fail_msg("%s: %s", text, error->message);
	}
}

static void what_a_definition_may_say(void **state)
{
	passes("[]");
	passes("[{\"op\":\"invert\"},{\"op\":\"blur\",\"params\":{\"sigma\":3}},{\"op\":\"blur\",\"params\":{\"sigma\":0.5}}]");
	passes("[{\"op\":\"recombine\",\"params\":{\"matrix\":[[1,0,0],[0,1,0],[0,0,1]]}}]");
	passes("[{\"op\":\"vips\",\"params\":{\"operation\":\"sobel\"}}]");
	passes("[{\"op\":\"flatten\",\"params\":{\"background\":\"#ff8800\"}}]");
}

static void what_none_could_have_said(void **state)
{
	refuses("[{\"op\":\"no_such\",\"params\":{}}]", "step 1: unknown operation 'no_such'");
	refuses("[{\"op\":\"invert\"},{}]", "step 2: unknown operation ''");
	refuses("[1]", "unknown operation");
	refuses("[{\"op\":\"blur\",\"params\":{\"sigma\":1e9}}]", "step 1 (blur): sigma must be");
	refuses("[{\"op\":\"blur\",\"params\":{\"sigma\":-1}}]", "sigma must be");
	refuses("[{\"op\":\"blur\",\"params\":{\"sigma\":\"3\"}}]", "sigma must be");
	refuses("[{\"op\":\"blur\",\"params\":{\"sigma\":null}}]", "sigma must be");
	refuses("[{\"op\":\"blur\",\"params\":{\"sigma\":3,\"extra\":1}}]", "no parameter 'extra'");
	refuses("[{\"op\":\"resize\",\"params\":{\"width\":1.5}}]", "width must be");
	refuses("[{\"op\":\"resize\",\"params\":{\"width\":2147483648}}]", "width must be");
	refuses("[{\"op\":\"recombine\",\"params\":{\"matrix\":[[1,0],\"x\"]}}]", "matrix must be");
	refuses("[{\"op\":\"recombine\",\"params\":{\"matrix\":7}}]", "matrix must be");
	refuses("[{\"op\":\"flatten\",\"params\":{\"background\":\"no colour\"}}]", "background must be");
	refuses("[{\"op\":\"watermark\",\"params\":{\"image\":\"/etc/passwd\"}}]", "image must be");
	refuses("[{\"op\":\"watermark\",\"params\":{}}]", "it needs image");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_definition_may_say),
		cmocka_unit_test(what_none_could_have_said),
	};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}
