/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   trouble that a test ordered for this task (see base/trouble.h), at the places "worker" and "worker@INDEX": beside deaths, the
 *            words "failed" and "retry", which become the answer. Nothing in builds without DROPMILL_TEST_HOOKS.
 * Thread:    the one that computes. Ownership: none.
 */
#ifndef DROPMILL_WORKER_TROUBLE_ORDER_H
#define DROPMILL_WORKER_TROUBLE_ORDER_H

#include "base/error.h"
#include "base/trouble.h"
#include "bus/wire.h"

/* True: the task is answered with *status and error. */
static inline bool ordered_trouble(int index, const struct task *task, enum result_status *status, GError **error)
{
#ifdef DROPMILL_TEST_HOOKS
	g_autoptr(JsonObject) spec = json_parse_object(task->spec, -1, NULL);
	g_autofree char *here = g_strdup_printf("worker@%d", index);
	g_autofree char *one = trouble_at(here, spec), *any = trouble_at("worker", spec);
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

#endif
