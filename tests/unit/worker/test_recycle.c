/* SPDX-License-Identifier: GPL-2.0-or-later
 * Freed memory stays for the next picture, goes back when there is nothing to do, and retires no worker. */
#include "worker/recycle.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/process.h"

#define BLOCK_BYTES (10 << 20)
#define BLOCKS 8

/* The last block stays, so that the end of the heap is in use, as by whatever a picture leaves. */
static void *work_with_memory(void)
{
	char *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(BLOCK_BYTES);
		memset(blocks[i], i + 1, BLOCK_BYTES);
	}
	for (int i = 0; i < BLOCKS - 1; i++)
		free(blocks[i]);
	return blocks[BLOCKS - 1];
}

static void freed_memory_is_kept_and_given_back(void **state)
{
	gint64 before = process_private_bytes(0);
	void *left = work_with_memory();

	assert_true(process_private_bytes(0) - before > (BLOCKS - 1) * BLOCK_BYTES);
	recycle_give_back();
	assert_true(process_private_bytes(0) - before < 2 * BLOCK_BYTES);
	free(left);
}

static void what_is_kept_retires_nobody(void **state)
{
	const struct worker_args growth = {.recycle_growth_bytes = 3 * BLOCK_BYTES};
	const struct worker_args memory = {.memory_bytes = process_private_bytes(0) + 3 * BLOCK_BYTES};
	struct recycle by_growth, by_memory;

	recycle_give_back();
	recycle_begin(&by_growth, &growth);
	recycle_begin(&by_memory, &memory);
	void *left = work_with_memory();
	assert_false(recycle_task_done(&by_growth));
	free(left);
	left = work_with_memory();
	assert_false(recycle_task_done(&by_memory));
	free(left);
}

/* Who watches the bound from outside cannot tell what is kept from what is used. */
static void what_is_kept_is_at_most_half_the_bound(void **state)
{
	recycle_give_back();
	gint64 before = process_private_bytes(0);
	const struct worker_args args = {.memory_bytes = 2 * before + 2 * (BLOCKS - 2) * (gint64)BLOCK_BYTES};
	struct recycle recycle;

	recycle_begin(&recycle, &args);
	void *left = work_with_memory();
	assert_true(process_private_bytes(0) > args.memory_bytes / 2);
	assert_false(recycle_task_done(&recycle));
	assert_true(process_private_bytes(0) - before < 2 * BLOCK_BYTES);
	free(left);
}

static void what_is_used_retires(void **state)
{
	const struct worker_args growth = {.recycle_growth_bytes = BLOCK_BYTES / 2};
	struct recycle recycle;

	recycle_give_back();
	recycle_begin(&recycle, &growth);
	void *left = work_with_memory();
	assert_true(recycle_task_done(&recycle));
	assert_true(recycle.due);
	free(left);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_memory_is_kept_and_given_back),
		cmocka_unit_test(what_is_kept_retires_nobody),
		cmocka_unit_test(what_is_kept_is_at_most_half_the_bound),
		cmocka_unit_test(what_is_used_retires),
	};

	recycle_keep_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
