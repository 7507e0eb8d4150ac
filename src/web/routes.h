/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   which handler answers which path: one table, nothing else is served.
 * Thread:    the CivetWeb thread that holds the connection.
 */
#pragma once

#include "web/http/answer.h"

/* Answers a GET or HEAD whose Host was accepted; 404 for what is not in the table. Returns the status sent. */
int routes_answer(struct request *request);
/* /api/openapi.json. Returns owned. */
char *routes_description(void);
