/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a worker has in hand: see journal.h. */
#include "bus/protocol/journal.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

/* What is in hand counts from the moment that the flag is set: a name half written is nothing. */
struct page {
	_Atomic guint32 in_hand, count;
	char name[JOURNAL_TASK_BYTES];
};

struct journal {
	struct page *page;
	int fd;
	char *path;
};

static struct journal *map(int fd, GError **error)
{
	struct page *page = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED) {
		fail_errno(error, "cannot map a journal");
		close(fd);
		return NULL;
	}
	struct journal *journal = g_new0(struct journal, 1);
	journal->page = page;
	journal->fd = fd;
	journal->path = g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), fd);
	return journal;
}

struct journal *journal_create(GError **error)
{
	int fd = memfd_create("dropmill-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, sizeof(struct page)) != 0) {
		fail_errno(error, "cannot make a journal");
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	/* The worker may write to it, but not take it away from under us. */
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	return map(fd, error);
}

const char *journal_path(const struct journal *journal)
{
	return journal->path;
}

struct journal *journal_open(const char *path, GError **error)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fail_errno(error, "%s", path);
		return NULL;
	}
	return map(fd, error);
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	munmap(journal->page, sizeof(struct page));
	close(journal->fd);
	g_free(journal->path);
	g_free(journal);
}

void journal_name(char name[JOURNAL_TASK_BYTES], const char *job, guint32 serial, int tile, int attempt)
{
	g_snprintf(name, JOURNAL_TASK_BYTES, "%s/%u/%d/%d", job, serial, tile, attempt);
}

void journal_begin(struct journal *journal, const char *name)
{
	g_strlcpy(journal->page->name, name, JOURNAL_TASK_BYTES);
	atomic_fetch_add(&journal->page->count, 1);
	atomic_store(&journal->page->in_hand, 1);
}

void journal_end(struct journal *journal)
{
	atomic_store(&journal->page->in_hand, 0);
}

char *journal_read(const struct journal *journal)
{
	return atomic_load(&journal->page->in_hand) ? g_strndup(journal->page->name, JOURNAL_TASK_BYTES - 1)
						    : g_strdup("");
}

guint journal_count(const struct journal *journal)
{
	return atomic_load(&journal->page->count);
}

void journal_clear(struct journal *journal)
{
	atomic_store(&journal->page->in_hand, 0);
	atomic_store(&journal->page->count, 0);
}
