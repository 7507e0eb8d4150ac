/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   g_autoptr for plain structs: `auto_struct(record) r = record_new(...)` is freed when its scope ends.
 *            g_steal_pointer(&r) hands it on.
 * Thread:    any.
 */
#pragma once

#define DEFINE_AUTO(type, function)                                                                                    \
	static inline void type##_auto(struct type **pointer)                                                          \
	{                                                                                                              \
		if (*pointer)                                                                                          \
			function(*pointer);                                                                            \
	}
#define auto_struct(type) __attribute__((cleanup(type##_auto))) struct type *
