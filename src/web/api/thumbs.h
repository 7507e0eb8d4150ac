/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the addresses of thumbnails: /jobs/ID/thumb/N sends one, /api/pictures tells which of many are there.
 * Thread:    the CivetWeb thread that holds the connection. Ownership: answers borrow everything.
 */
#pragma once

#include "status/snapshot.h"
#include "web/http/answer.h"

int thumbs_one(struct request *request, const struct snapshot *snapshot);
/* ?url=ADDRESS, any number up to 100; each the address of a thumbnail with its size. */
int thumbs_states(struct request *request, const struct snapshot *snapshot);
