/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   is there room for our threads and processes? GLib and libraries end the program, or wait for ever, when one cannot be started;
 *            workers would be started again and again. So it is tried before; the error says what to change.
 * Thread:    the main thread, at the start.
 * Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* For the program itself without its page, and for so many workers with their codecs. beside_page: the page has its threads already. */
bool threads_room(int workers, bool beside_page, GError **error);
