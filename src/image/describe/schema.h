/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the language as a JSON Schema (draft 2020-12), made of the tables, so that editors complete and check definitions.
 * Thread:    the main thread. Ownership: returned owned.
 */
#pragma once

/* The schema as text, for `dropmill ops --schema`. */
char *schema_text(void);
