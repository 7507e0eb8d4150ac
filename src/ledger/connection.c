/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The database's file: opened, checked, renamed when it is damaged, started again. The same while the mill runs. A file
 * may turn out damaged, or may not be the opened one any more (deleted, restored from a copy). It is left at the next
 * use, and the call that met the fault may be tried again. See connection.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/moves.h"
#include "base/error.h"
#include "base/log.h"
#include "ledger/connection.h"
#include "ledger/salvage.h"
#include "ledger/schema.h"
#include "ledger/sqlite_error.h"

enum {
	BUSY_AT_OPEN_MS = 500, /* whoever opens tries again, and hears signals in between */
	BUSY_MS = 5000,
};

static bool check(sqlite3 *db, const char *path, GError **error)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code != SQLITE_ROW) {
		history_fail(db, code, path, error);
		sqlite3_finalize(statement);
		return false;
	}
	g_autofree char *found = g_strdup((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	if (found)
		g_strdelimit(found, "\n", ' ');
	return g_strcmp0(found, "ok") == 0 || fail(error, ERROR_INPUT, "%s is damaged: %s", path, found ? found : "");
}

/* An old file's connection must not tidy up by name what is the new file's. */
void connection_disconnect(struct history *history, bool replaced)
{
	if (replaced && history->db)
		sqlite3_db_config(history->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close_v2(history->db);
	history->db = NULL;
}

/* The same file by a path without any link, so that SQLite may refuse to follow links. NULL: its folder cannot be
 * opened. */
static char *real_path(const char *path)
{
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	int folder = beneath_open(parent, O_PATH | O_DIRECTORY, 0);
	g_autofree char *alias = beneath_alias(folder);
	g_autofree char *real = folder >= 0 ? g_file_read_link(alias, NULL) : NULL;

	if (folder >= 0)
		close(folder);
	return real ? g_build_filename(real, name, NULL) : NULL;
}

/* For its user alone: it has the names of all pictures. Where that cannot be, SQLite says at once why, or the file
 * system knows no modes. */
static void keep_private(const char *path)
{
	/* Those that SQLite makes beside it get its mode. */
	static const char *const parts[] = {"", "-wal", "-shm"};
	int made = beneath_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (made >= 0)
		close(made);
	for (gsize i = 0; made < 0 && i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *part = g_strconcat(path, parts[i], NULL);
		(void)!beneath_make_private(part);
	}
}

static bool connect(struct history *history, GError **error)
{
	const char *path = history->store->path;
	struct stat status;

	if (beneath_stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return fail(error, ERROR_INPUT, "%s is a folder", path);
	/* It is not renamed as a damaged file is: a person put it there, with good or bad intent. */
	g_autofree char *link = beneath_find_link(path);
	if (link)
		return fail(error, ERROR_SYSTEM,
			"%s is a link, and dropmill does not follow links in its state folder; put the file itself there",
			path);
	keep_private(path);
	g_autofree char *real = real_path(path);
	int code = sqlite3_open_v2(real ? real : path, &history->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | (real ? SQLITE_OPEN_NOFOLLOW : 0), NULL);
	if (code != SQLITE_OK)
		return history_fail(history->db, code, path, error);
	if (sqlite3_db_readonly(history->db, "main") == 1)
		return fail(error, ERROR_INPUT, "%s cannot be written to", path);
	sqlite3_busy_timeout(history->db, BUSY_AT_OPEN_MS);
	return true;
}

/* trusted: another connection has checked it. */
bool connection_open(struct history *history, bool trusted, GError **error)
{
	const char *path = history->store->path;
	struct stat status;
	bool fresh = false;

	if (!connect(history, error) || (!trusted && !check(history->db, path, error)) ||
		!history_run(history->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", path, error) ||
		!history_migrate(history->db, path, &fresh, error))
		return false;
	if (beneath_stat(path, &status) != 0)
		return fail_errno(error, "%s", path);
	history->device = status.st_dev;
	history->inode = status.st_ino;
	history->generation = g_atomic_int_get(&history->store->generation);
	history->damaged = false;
	if (fresh)
		g_atomic_int_set(&history->store->began, 1);
	sqlite3_busy_timeout(history->db, BUSY_MS);
	return true;
}

/* With what belongs to it. Returns the path it got, NULL when it cannot be moved. */
static char *set_aside(const char *path, GError **error)
{
	static const char *const companions[] = {"-wal", "-shm"};
	g_autofree char *aside =
		g_strdup_printf("%s.damaged-%" G_GINT64_FORMAT, path, clock_wall_us() / G_USEC_PER_SEC);

	for (unsigned number = 1; files_rename_new(path, aside) != 0 && errno != ENOENT; number++) {
		if (errno != EEXIST) {
			fail_errno(error, "%s cannot be renamed", path);
			return NULL;
		}
		g_free(aside);
		aside = g_strdup_printf(
			"%s.damaged-%" G_GINT64_FORMAT "-%u", path, clock_wall_us() / G_USEC_PER_SEC, number);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(companions); i++) {
		g_autofree char *from = g_strconcat(path, companions[i], NULL);
		g_autofree char *to = g_strconcat(aside, companions[i], NULL);
		if (beneath_rename(from, to, 0) != 0 && errno != ENOENT) {
			fail_errno(error, "%s cannot be renamed", from);
			return NULL;
		}
	}
	return g_steal_pointer(&aside);
}

/* The store's mutex is held, or nobody else has it yet. A file that was removed is still there for who has it open. */
bool connection_begin_anew(struct history *history, const char *why, GError **error)
{
	g_autofree char *aside = set_aside(history->store->path, error);

	if (!aside)
		return false;
	struct history old = *history;
	history->db = NULL;
	g_atomic_int_inc(&history->store->generation);
	bool done = connection_open(history, true, error);
	bool kept = beneath_exists(aside);
	guint rows = !done ? 0 : kept ? history_salvage_file(history->db, aside) : history_salvage(history->db, old.db);
	connection_disconnect(&old, true);
	if (done)
		log_warning("%s; a new one begins, with %u lines that could be read (%s%s; no picture is concerned)",
			why, rows, kept ? "the old one is kept as " : "nothing is kept of the old one",
			kept ? aside : "");
	return done;
}

struct history *connection_new(const char *path)
{
	struct history *history = g_new0(struct history, 1);
	struct history_store *store = g_new0(struct history_store, 1);

	store->references = 1;
	store->path = g_strdup(path);
	g_mutex_init(&store->mutex);
	history->store = store;
	return history;
}

struct history *connection_share(const struct history *history)
{
	struct history *again = g_new0(struct history, 1);

	g_atomic_int_inc(&history->store->references);
	again->store = history->store;
	again->keep = history->keep;
	return again;
}

void connection_free(struct history *history)
{
	struct history_store *store = history->store;

	connection_disconnect(history, history->generation != g_atomic_int_get(&store->generation));
	g_free(history);
	if (!g_atomic_int_dec_and_test(&store->references))
		return;
	g_free(store->path);
	g_mutex_clear(&store->mutex);
	g_free(store);
}

/* Another connection was faster, or this one begins again. */
static bool renew(struct history *history, GError **error)
{
	struct history_store *store = history->store;
	G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);
	g_autoptr(GError) cause = NULL;
	g_autofree char *why = NULL;
	struct stat status;

	if (history->db && history->generation == g_atomic_int_get(&store->generation)) {
		if (history->damaged)
			why = g_strdup_printf("%s is damaged", store->path);
		else if (beneath_stat(store->path, &status) != 0 && errno == ENOENT)
			why = g_strdup_printf("%s was removed", store->path);
	}
	if (why)
		return connection_begin_anew(history, why, error);
	connection_disconnect(history, true);
	if (connection_open(history, false, &cause))
		return true;
	connection_disconnect(history, true);
	if (cause->code == ERROR_INPUT)
		return connection_begin_anew(history, cause->message, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static bool is_current(const struct history *history)
{
	struct stat status;

	return history->db && !history->damaged &&
	       history->generation == g_atomic_int_get(&history->store->generation) &&
	       beneath_stat(history->store->path, &status) == 0 && status.st_dev == history->device &&
	       status.st_ino == history->inode;
}

/* A group stays with the file that it began in: another one knows nothing of it. */
bool connection_ready(struct history *history, GError **error)
{
	return history->grouped || is_current(history) || renew(history, error);
}

/* For a call in the middle of work: it is tried again in any case. */
bool connection_fail(struct history *history, int code, GError **error)
{
	g_autoptr(GError) cause = NULL;

	history_fail(history->db, code, history->store->path, &cause);
	history->damaged = history->damaged || cause->code == ERROR_INPUT;
	return fail(error, ERROR_RETRY, "%s", cause->message);
}
