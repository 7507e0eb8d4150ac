/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   libvips' threads may fail when its main thread has already looked whether they did (QUIRK_THREAD_ERRORS_UNSEEN): the end of a
 *            file is missing, and the picture is said to be good. Here stands a function of ours before libvips' vips_threadpool_run(),
 *            which sees how every thread ended.
 * Thread:    any, after thread_errors_see().
 * Ownership: none.
 */
#pragma once

/* Before the first picture; links the function. */
void thread_errors_see(void);
