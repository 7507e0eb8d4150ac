/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one line an event to standard error, as text for people or JSON for machines.
 * Thread:    any; a line is written with one write().
 * Ownership: borrows its arguments.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* role: "master", "worker w1", ... kept by copy. Also routes GLib's own messages here. */
void log_init(const char *role, bool json);
void log_set_level(enum log_level lowest); /* default LOG_INFO; DROPMILL_LOG=debug lowers it */
void log_at(enum log_level level, const char *format, ...) G_GNUC_PRINTF(2, 3);

#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
