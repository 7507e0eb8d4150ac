/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a large picture where no worker shares memory with the master. Cut, its pixels go over the network, many times the bytes of its
 *            file, and every worker helps. Or its file goes to one worker, which takes a thread for each idle neighbour.
 *            What this pipeline's pictures took before decides; the first one is cut.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Microseconds a pixel of the source, the newest counting half; 0: not known. */
struct placement_times {
	double cut, sent;
	double reckoned; /* sent, from the processor times of one that was cut */
};

struct placement_facts {
	bool embedded;       /* the broker is ours */
	bool tile_wished;    /* the user asked for a tile size */
	bool loose;          /* the original is not claimed */
	bool streams;        /* a worker reads the file from top to bottom, in little memory */
	guint live, sharing; /* workers; those of them that share memory with the master */
	gint64 pixels, pixel_bytes, file_bytes;
	double limit_s; /* of a task */
};

/* Shall the file be sent to one worker? Else the picture is cut. */
bool placement_sends_file(const struct placement_facts *facts, const struct placement_times *times);

struct placement_run {
	bool sent;  /* else it was cut */
	bool clean; /* without a failed try, and its pixels were packed */
	gint64 pixels, took_us;
	gint64 decode_us, cpu_us; /* processor time: of decoding, of everything */
	int threads;              /* that one worker could have had; at least 1 */
};

/* The times after one more picture is done. */
struct placement_times placement_learn(struct placement_times times, const struct placement_run *run);
