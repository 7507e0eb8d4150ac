/* SPDX-License-Identifier: GPL-2.0-or-later
 * libFuzzer: any bytes as a definition. The reader says yes or no, with a place for each error, and what it accepts survives its way
 * through JSON. */
#include "definition/reader/definition.h"
#include "definition/pipeline_from_json.h"
#include "image/describe/check_step.h"
#include "image/read/format.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	g_assert(image_init((*argv)[0], 1, NULL));
	return 0;
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	/* A folder that is not there: nothing that the text names can be read. */
	auto_struct(diagnostics) errors = diagnostics_new("/nowhere/fuzz.yaml");
	auto_struct(pipeline) pipeline =
		definition_parse("/nowhere/fuzz.yaml", (const char *)data, size, &image_step_rules, errors);
	g_autofree char *text = diagnostics_text(errors);

	g_assert(pipeline || *text);
	if (!pipeline)
		return 0;
	g_autoptr(JsonObject) json = pipeline_to_json(pipeline);
	g_autoptr(GError) error = NULL;
	auto_struct(pipeline) again = pipeline_from_json(json, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(again->steps->len, ==, pipeline->steps->len);
	g_assert_cmpuint(again->outputs->len, ==, pipeline->outputs->len);
	return 0;
}
