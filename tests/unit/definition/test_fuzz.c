/* SPDX-License-Identifier: GPL-2.0-or-later
 * Definitions that were hit by chance: whatever comes, there is a pipeline or at least one error with a place inside
 * the text, and no crash (run under ASan). The seed is fixed, so that a failure comes back. */
#include "../unit.h"

#include "definition/reader/definition.h"

#include <string.h>

#include "definition/pipeline_from_json.h"
#include "definition/template/template.h"
#include "rules.h"

#define ROUNDS 6000
#define SEED 20261123

static const char *const seeds[] = {
	"# a comment\n"
	"description: web-ready JPEG and a square thumbnail\n"
	"inbox: web\n"
	"recursive: true\n"
	"accept: [\"*.jpg\", '*.tif']\n"
	"steps:\n"
	"  - auto_orient\n"
	"  - resize: {width: 2000, without_enlargement: true}\n"
	"  - sharpen: {sigma: 0.8}\n"
	"outputs:\n"
	"  - {name: \"{stem}.jpg\", quality: 82, strip: true}\n"
	"  - name: \"{pipeline}/{stem}-thumb.webp\"\n"
	"    steps: [{thumbnail: {width: 320, height: 320}}]\n"
	"originals: archive\n"
	"settle: 500ms\n"
	"limits: {megapixels: 1000, frames: 64, seconds: 600}\n"
	"priority: 5\n",
	"name: x\n"
	"description: >-\n"
	"  folded\n"
	"  text \xc3\xa9\n"
	"outputs:\n"
	"  - &o {name: \"{{a}}{stem}.{ext}\", steps: &s [blur: 3, grayscale]}\n"
	"  - {<<: *o, name: b.png, steps: *s}\n"
	"  - {<<: [*o, {format: tiff}], name: 'it''s.tif'}\n",
	"vars: {a: 3, b: \"${a}0\", c: \"x${b:-1} $${\"}\n"
	"accept: [jpeg, 'a.*']\n"
	"reject: [png]\n"
	"allow: [svg]\n"
	"limits: {bytes: 1.5MB}\n"
	"on_failure: {attempts: 2}\n"
	"steps:\n"
	"  - {blur: \"${b}\", when: 'not (width / 2 > -3) or format in [\"png\", \"gif\"]'}\n"
	"  - when: has_alpha == true && orientation != 'square'\n"
	"    steps: [invert, {when: bands < 4, steps: [grayscale]}]\n"
	"outputs: [{name: \"${c}.jpg\", when: \"megapixels >= ${a}.5\"}]\n",
};

/* Pieces that mean something to YAML or to the language, so that mutations reach beyond the first token. */
static const char *const pieces[] = {": ", "- ", "\n", "  ", "{", "}", "[", "]", ",", "'", "\"", "&s ", "*s", "*o",
	"<<: ", "!!str ", "| \n", "> ", "? ", "#", "---\n", "...\n", "%YAML 1.2\n", "\t", "~", "null", "true", "-1",
	"1e999", "0x7f", "..", "/", "{stem}", "{ext}", "{x}", "${", "${a}", "${a:-", "when: ", "include: ", "not ",
	" and ", " == ", "(", ")", ".jpg", "\\x00", "\\u0000", "\xef\xbb\xbf", "\xff", "\xc3", "\xe2\x80\xa8", "steps",
	"outputs", "name", "format", "limits", "settle", "accept", "inbox", "originals", "500ms", "webp"};

static void mutate(GRand *random, GString *text)
{
	gsize at = (gsize)g_rand_int_range(random, 0, (gint32)text->len + 1);
	gsize left = text->len - at;
	gsize span = left ? (gsize)g_rand_int_range(random, 0, (gint32)MIN(left, 20) + 1) : 0;

	switch (g_rand_int_range(random, 0, 6)) {
	case 0:
		g_string_erase(text, (gssize)at, (gssize)span);
		break;
	case 1:
		g_string_insert(text, (gssize)at, pieces[g_rand_int_range(random, 0, (gint32)G_N_ELEMENTS(pieces))]);
		break;
	case 2:
		if (left)
			text->str[at] = (char)g_rand_int_range(random, 0, 256);
		break;
	case 3: { /* the same twice: duplicate keys, deeper indentation */
		g_autofree char *copy = g_strndup(text->str + at, span);
		g_string_insert(text, (gssize)at, copy);
		break;
	}
	case 4: { /* something from elsewhere */
		gsize from = (gsize)g_rand_int_range(random, 0, (gint32)text->len + 1);
		g_autofree char *copy = g_strndup(text->str + from, MIN(text->len - from, 40));
		g_string_insert(text, (gssize)at, copy);
		break;
	}
	default:
		if (g_rand_int_range(random, 0, 20) == 0)
			g_string_truncate(text, at);
		break;
	}
}

static unsigned line_count(const GString *text)
{
	unsigned lines = 1;

	/* Line breaks of YAML 1.1, as libyaml counts them: CR LF is one, and so are NEL, LS and PS. */
	for (gsize i = 0; i < text->len; i++) {
		const char *at = text->str + i;
		lines += *at == '\n' || (*at == '\r' && at[1] != '\n') || memcmp(at, "\xc2\x85", 2) == 0;
		lines += text->len - i >= 3 &&
			 (memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0);
	}
	return lines;
}

static void check_errors(const struct diagnostics *errors, const GString *text)
{
	unsigned lines = line_count(text);

	assert_true(diagnostics_count(errors) > 0);
	for (unsigned i = 0; i < diagnostics_count(errors); i++) {
		const struct diagnostic *error = diagnostics_get(errors, i);
		if (error->line < 1 || error->line > lines || error->column < 1 || error->column > text->len + 1)
			fail_msg("%u:%u: %s\n%s", error->line, error->column, error->message, text->str);
		assert_true(*error->message != '\0' && g_utf8_validate(error->message, -1, NULL));
		assert_null(strchr(error->message, '\n'));
	}
}

static void check_pipeline(const struct pipeline *pipeline)
{
	g_autoptr(JsonObject) object = pipeline_to_json(pipeline);
	g_autoptr(GError) error = NULL;
	auto_struct(pipeline) again = pipeline_from_json(object, &error);

	assert_null(error);
	assert_non_null(again);
	for (guint i = 0; i < pipeline->outputs->len; i++) {
		const struct output *output = g_ptr_array_index(pipeline->outputs, i);
		const struct template_values values = {
			.relative = "sub/a.jpg", .pipeline = pipeline->name, .format_ext = "jpg"};
		g_autofree char *name = template_expand(output->name, &values, NULL);
		assert_true(!name || g_str_has_prefix(name, "sub/"));
	}
}

static void mutated_definitions(void **state)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
	unsigned good = 0, bad = 0;

	for (int round = 0; round < ROUNDS; round++) {
		g_autoptr(GString) text = g_string_new(seeds[round % G_N_ELEMENTS(seeds)]);
		for (int i = g_rand_int_range(random, 1, 6); i > 0; i--)
			mutate(random, text);
		auto_struct(diagnostics) errors = diagnostics_new("x.yaml");
		auto_struct(pipeline) pipeline = definition_parse("x.yaml", text->str, text->len, &rules, errors);
		if (pipeline) {
			assert_int_equal(diagnostics_count(errors), 0);
			check_pipeline(pipeline);
			good++;
		} else {
			check_errors(errors, text);
			bad++;
		}
	}
	/* Both ways are taken often, or the mutations are too mild or too wild to find anything. */
	assert_true(good > ROUNDS / 20);
	assert_true(bad > ROUNDS / 4);
}

static void plain_noise(void **state)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(SEED);

	for (int round = 0; round < ROUNDS; round++) {
		g_autoptr(GString) text = g_string_new(NULL);
		for (int i = g_rand_int_range(random, 0, 40); i > 0; i--)
			g_string_append(text, pieces[g_rand_int_range(random, 0, (gint32)G_N_ELEMENTS(pieces))]);
		auto_struct(diagnostics) errors = diagnostics_new("x.yaml");
		auto_struct(pipeline) pipeline = definition_parse("x.yaml", text->str, text->len, &rules, errors);
		if (!pipeline)
			check_errors(errors, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutated_definitions),
		cmocka_unit_test(plain_noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
