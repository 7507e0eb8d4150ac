/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the files of the page, built into the program (assets/assets.gresource.xml): each with its type, plain and gzip, each with an ETag
 *            made from its content.
 * Thread:    any; the table is made once, at the first question.
 * Ownership: borrowed from the program for ever.
 */
#pragma once

#include "web/http/answer.h"

/* Sends the file of this name, as gzip to a browser that takes it; 404 when none is built in. Returns the status sent. */
int static_file_send(struct request *request, const char *name);

/* Whether Accept-Encoding (NULL: not sent) lets an answer be gzip: RFC 9110, 12.5.3. */
bool static_file_accepts_gzip(const char *header);
