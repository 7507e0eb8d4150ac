/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how a job begins: added, named, planned, and given to workers or a codec.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#pragma once

#include "master/commit/output_names.h"
#include "master/config/settings.h"
#include "master/fleet/fleet.h"
#include "master/job/job.h"
#include "master/state/job_events.h"

struct master;

void jobs_add(struct master *master, struct job *job);
/* Its outputs have names, or not: the job goes on. user is the master. */
void jobs_named(struct named *named, void *user);
/* How many files of one inbox may be claimed and not finished. */
guint jobs_queue(const struct settings *settings, const struct fleet *fleet);
/* The queued job whose turn it is starts, if there is room. False: none does. */
bool jobs_start_next(struct master *master);

job_effect_fn effect_begin_run, effect_ask_names, effect_ask_plan, effect_offer_whole, effect_renew;
