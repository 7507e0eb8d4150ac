/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the flow of rows through a tiled job: the decoder fills the source ring, tiles are given out when their rows are there and
 *            their place in the result ring is free, the encoders take rows out as they are complete.
 * Thread:    any; one mutex inside. Waiting functions return false when the flow was stopped.
 * Ownership: borrows plan and segment, which must outlive it.
 */
#pragma once

#include <stdbool.h>

#include "base/disk/shared_memory.h"
#include "codec/plan.h"

struct rows;

/* ready is called, outside the mutex but one call at a time, with tiles that may be given out now. */
typedef void (*rows_ready_fn)(const int *tiles, guint count, void *user);

struct rows *rows_new(const struct plan *plan, struct segment *segment, rows_ready_fn ready, void *user);
void rows_free(struct rows *rows); /* NULL is fine; no thread may wait any more */
DEFINE_AUTO(rows, rows_free)

/* Decoder: waits until at least `least` rows from top on may be written; says how many, at most `most`. 0: stopped. A tile may be waiting for just
 * one row more, and no other tile end before, so that one may wait for more than one only up to rows_spare(). */
int rows_wait_room(struct rows *rows, int top, int least, int most);
/* The rows that the source ring always has room for, beyond those that some tile waits for. */
int rows_spare(const struct rows *rows);
/* Decoder, after that: must the rows be put into the ring? Not when no tile needs the rest of the source: then the ring
 * may be full. */
bool rows_wanted(struct rows *rows);
/* Decoder: that many rows of the source are in the ring now. */
void rows_decoded(struct rows *rows, int until);
guint8 *rows_source(struct rows *rows); /* start of the source ring */

/* Control: a tile's result is in the result ring. Each tile once. held: a second worker, that was late, may still write the same bytes there.
 *
 * Why that is safe. Every worker computes the same bytes of a tile from the same source rows. So the encoder, which may
 * read them, does not care how often they are written. It would matter if that worker found other rows in the source
 * ring, or other pictures' rows where its result goes. So a held tile counts as unfinished for the decoder, which then
 * leaves its source rows alone. For new tiles it counts as not yet encoded: no tile gets a place in the result ring
 * that a row of this one has. At worst the flow stops there until that worker has answered or is dead, as it would
 * without a second worker. The last tiles need no further room, so the job can end without waiting for the late worker.
 * Its segment is then never used again (segment_pool.h). */
void rows_tile_done(struct rows *rows, int tile, bool held);
/* Control: nobody touches the rows of this held tile any more. */
void rows_tile_free(struct rows *rows, int tile);

/* Encoder of output o: waits until its rows above `until` are complete. */
bool rows_wait_complete(struct rows *rows, int output, int until);
/* Encoder: rows above `until` were read and may be overwritten. */
void rows_encoded(struct rows *rows, int output, int until);
/* Encoder: rows above this were given back already; asking for them again is an error. */
int rows_encoded_until(struct rows *rows, int output);
const guint8 *rows_result(struct rows *rows, int output, int y); /* address of row y in its ring */

/* Everything that waits returns false from now on. */
void rows_stop(struct rows *rows);
