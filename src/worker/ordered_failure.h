/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   trouble that a test ordered for this task (see base/testing/ordered_failure.h), at the places "worker" and "worker@INDEX": beside deaths, the
 *            words "failed" and "retry", which become the answer; and at "spoil", after the work, any word: all that was made gets other
 *            bytes of the same number. Nothing in builds without DROPMILL_TEST_HOOKS.
 * Thread:    the one that computes. Ownership: none.
 */
#pragma once

#include "base/error.h"
#include "base/testing/ordered_failure.h"
#include "bus/protocol/wire.h"

/* True: the task is answered with *status and error. */
static inline bool ordered_failure(int index, const struct task *task, enum result_status *status, GError **error)
{
#ifdef DROPMILL_TEST_HOOKS
	g_autoptr(JsonObject) spec = json_parse_object(task->spec, -1, NULL);
	g_autofree char *here = g_strdup_printf("worker@%d", index);
	g_autofree char *one = failure_at(here, spec), *any = failure_at("worker", spec);
	const char *what = one ? one : any;
	if (what && (strcmp(what, "failed") == 0 || strcmp(what, "retry") == 0)) {
		*status = what[0] == 'f' ? RESULT_FAILED : RESULT_RETRY;
		fail(error, ERROR_RETRY, "trouble that a test ordered");
		return true;
	}
#else
	(void)index;
	(void)task;
	(void)status;
	(void)error;
#endif
	return false;
}

static inline void ordered_spoil(const struct task *task, struct body **payload)
{
#ifdef DROPMILL_TEST_HOOKS
	g_autoptr(JsonObject) spec = json_parse_object(task->spec, -1, NULL);
	g_autofree char *what = failure_at("spoil", spec);
	JsonArray *outputs = what ? json_array(spec, "outputs") : NULL;

	if (what && *payload) {
		gsize size = (gsize)body_bytes(*payload);
		g_autoptr(GBytes) zeros = g_bytes_new_take(g_malloc0(size), size);
		body_unref(*payload);
		*payload = body_new();
		body_add(*payload, zeros);
	}
	for (guint i = 0; outputs && i < json_array_get_length(outputs); i++) {
		g_autofree char *temp = json_path(json_object_at(outputs, i), "temp"), *text = NULL;
		gsize size;
		if (temp && g_file_get_contents(temp, &text, &size, NULL)) {
			memset(text, 0, size);
			/* g_file_set_contents() would set a mode from GLib 2.84 on, which the sandbox refuses. */
			FILE *file = fopen(temp, "r+");
			if (!file || fwrite(text, 1, size, file) != size || fclose(file) != 0)
				g_error("%s: cannot be spoilt: %s", temp, g_strerror(errno));
		}
	}
#else
	(void)task;
	(void)payload;
#endif
}
