/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the image code of codec processes, beside that of the workers. A codec need not try its own when it is known: see
 *            image/quirks/image_code.h, which has the members of these objects.
 * Thread:    the master's loop.
 * Ownership: the fleet owns what is kept.
 */
#pragma once

#include "master/fleet/fleet.h"

/* What a codec that is started now most likely has; NULL: it must try. Borrowed from fleet->code. */
JsonObject *codec_code_known(struct fleet *fleet);
/* The key of what a codec says that it has (NULL: nothing), see worker_group_key(); it is kept. Owned, a GRefString. */
char *codec_code_heard(struct fleet *fleet, JsonObject *code);
/* worker_group_text() of fleet->code. Owned. */
char *codec_code_text(JsonObject *code);
