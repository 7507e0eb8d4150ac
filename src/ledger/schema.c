/* SPDX-License-Identifier: GPL-2.0-or-later
 * The tables, version by version: see schema.h. */
#include "ledger/schema.h"

#include "base/error.h"
#include "ledger/sqlite_error.h"

/* Each leads from the version before it to its own, counted from 1; a new database goes through all of them. What was published stays as it
 * is: a change is another one at the end. */
static const char *const versions[] = {
	"CREATE TABLE job (id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL,"
	" lane TEXT NOT NULL, error TEXT, width INTEGER, height INTEGER, tiles INTEGER, attempts INTEGER,"
	" queued INTEGER, started INTEGER, finished INTEGER, outputs TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX job_finished ON job (finished);"
	"CREATE INDEX job_state ON job (state);"
	"CREATE TABLE output (path TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE kept (key TEXT PRIMARY KEY) WITHOUT ROWID;",

	/* wished names, numbers */
	"ALTER TABLE output ADD COLUMN wished TEXT;"
	"ALTER TABLE output ADD COLUMN job TEXT;"
	"UPDATE output SET wished = path;"
	"CREATE INDEX output_owner ON output (owner, wished);"
	"CREATE TABLE number (pipeline TEXT, source TEXT, n INTEGER NOT NULL, PRIMARY KEY (pipeline, source)) WITHOUT ROWID;"
	"CREATE INDEX number_n ON number (pipeline, n);",

	/* an order that no clock can turn round, and how many jobs were pruned */
	"ALTER TABLE job ADD COLUMN seq INTEGER;"
	"UPDATE job SET seq = n FROM (SELECT id AS of, row_number() OVER (ORDER BY finished, id) AS n FROM job) WHERE id = of;"
	"CREATE INDEX job_seq ON job (seq);"
	"CREATE TABLE pruned (state TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;",

	/* what the page tells of a job, and quick pages of those in one state or of one pipeline */
	"ALTER TABLE job ADD COLUMN bytes INTEGER;"
	"ALTER TABLE job ADD COLUMN out_bytes INTEGER;"
	"ALTER TABLE job ADD COLUMN original TEXT;"
	"ALTER TABLE job ADD COLUMN timeline TEXT;"
	"ALTER TABLE job ADD COLUMN hash TEXT;"
	"CREATE INDEX job_state_seq ON job (state, seq);"
	"CREATE INDEX job_pipeline_seq ON job (pipeline, seq);",

	/* what each version of a definition did, for people */
	"CREATE TABLE chain (hash TEXT PRIMARY KEY, shown TEXT NOT NULL) WITHOUT ROWID;",

	/* what an output was when it was finished, and the one before it; originals that stay, by name and content (kept has those of mills
	   that knew them by device and inode). Paths of outputs are below the output folder since then: see history_relocate(). */
	"ALTER TABLE output ADD COLUMN bytes INTEGER;"
	"ALTER TABLE output ADD COLUMN mtime INTEGER;"
	"ALTER TABLE output ADD COLUMN old_bytes INTEGER;"
	"ALTER TABLE output ADD COLUMN old_mtime INTEGER;"
	"CREATE TABLE original (owner TEXT PRIMARY KEY, bytes INTEGER NOT NULL, mtime INTEGER NOT NULL,"
	" ctime INTEGER NOT NULL, hash TEXT) WITHOUT ROWID;",
};

const struct history_table history_tables[] = {
	{"output", "path, owner, wished, job, bytes, mtime, old_bytes, old_mtime", false},
	{"number", "pipeline, source, n", false},
	{"kept", "key", false},
	{"original", "owner, bytes, mtime, ctime, hash", false},
	{"pruned", "state, n", true},
	{"chain", "hash, shown", true},
	{"job",
		"id, pipeline, source, state, lane, error, width, height, tiles, attempts, queued, started, finished, "
		"outputs, seq, bytes, out_bytes, original, timeline, hash",
		true},
	{NULL, NULL, false},
};

static bool step(sqlite3 *db, int version, const char *path, GError **error)
{
	g_autofree char *sql = g_strdup_printf(
		"BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT;", versions[version - 1], version);

	if (history_run(db, sql, path, error))
		return true;
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

/* A database that has our version's number and not our tables is somebody else's. */
static bool has_tables(sqlite3 *db, const char *path, GError **error)
{
	for (const struct history_table *table = history_tables; table->name; table++) {
		g_autofree char *sql = g_strdup_printf("SELECT %s FROM %s", table->columns, table->name);
		sqlite3_stmt *statement = NULL;
		int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
		sqlite3_finalize(statement);
		if (code != SQLITE_OK)
			return history_fail(db, code, path, error);
	}
	return true;
}

bool history_migrate(sqlite3 *db, const char *path, bool *fresh, GError **error)
{
	sqlite3_stmt *statement;
	int newest = G_N_ELEMENTS(versions), version = 0;
	int code = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);

	if (code != SQLITE_OK)
		return history_fail(db, code, path, error);
	if (sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	if (version < 0 || version > newest)
		return fail(error, ERROR_INPUT, "%s has version %d, and this dropmill knows those up to %d", path,
			version, newest);
	*fresh = version == 0;
	while (version < newest)
		if (!step(db, ++version, path, error))
			return false;
	return has_tables(db, path, error);
}
