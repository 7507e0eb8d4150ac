/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What can still be read of a damaged database. Each table is read from both ends, up to the page that cannot be read: rows on the others
 * are whole, since a page is the unit that is lost. See salvage.h. */
#include "ledger/salvage.h"

#include <stdbool.h>

#include "ledger/schema.h"

/* What is not to be shown to anyone is left out: the row, when it cannot be without. */
static bool is_unfit(sqlite3_stmt *from, int column)
{
	return sqlite3_column_type(from, column) == SQLITE_TEXT &&
	       !g_utf8_validate(
		       (const char *)sqlite3_column_text(from, column), sqlite3_column_bytes(from, column), NULL);
}

static void copy_row(sqlite3_stmt *from, sqlite3_stmt *to, const struct history_table *table)
{
	for (int i = 0; i < sqlite3_column_count(from); i++)
		if (table->texts && is_unfit(from, i))
			sqlite3_bind_null(to, i + 1);
		else
			sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
	/* A row that breaks a constraint is not ours, and is ignored. */
	sqlite3_step(to);
	sqlite3_reset(to);
}

/* Those of the table's columns that the source has: it may be of an older version. Owned; NULL: none. */
static char *columns_there(sqlite3 *source, const struct history_table *table)
{
	g_auto(GStrv) wanted = g_strsplit(table->columns, ", ", -1);
	g_autoptr(GStrvBuilder) there = g_strv_builder_new();

	for (char **column = wanted; *column; column++) {
		g_autofree char *sql = g_strdup_printf("SELECT %s FROM %s", *column, table->name);
		sqlite3_stmt *statement = NULL;
		if (sqlite3_prepare_v2(source, sql, -1, &statement, NULL) == SQLITE_OK)
			g_strv_builder_add(there, *column);
		sqlite3_finalize(statement);
	}
	g_auto(GStrv) names = g_strv_builder_end(there);
	return *names ? g_strjoinv(", ", names) : NULL;
}

static guint copy(
	sqlite3 *source, sqlite3 *target, const struct history_table *table, const char *columns, const char *order)
{
	g_autofree char *select = g_strdup_printf("SELECT %s FROM %s ORDER BY 1 %s", columns, table->name, order);
	sqlite3_stmt *from = NULL, *to = NULL;
	int before = sqlite3_total_changes(target);

	if (sqlite3_prepare_v2(source, select, -1, &from, NULL) == SQLITE_OK) {
		int count = sqlite3_column_count(from);
		g_autofree char *marks = g_strnfill((gsize)count * 2 - 1, '?');
		for (int i = 1; i < count * 2 - 1; i += 2)
			marks[i] = ',';
		g_autofree char *insert =
			g_strdup_printf("INSERT OR IGNORE INTO %s (%s) VALUES (%s)", table->name, columns, marks);
		if (sqlite3_prepare_v2(target, insert, -1, &to, NULL) == SQLITE_OK)
			while (sqlite3_step(from) == SQLITE_ROW)
				copy_row(from, to, table);
	}
	sqlite3_finalize(from);
	sqlite3_finalize(to);
	return (guint)(sqlite3_total_changes(target) - before);
}

/* Without its -wal when it cannot be written to. */
static sqlite3 *open_source(const char *path)
{
	g_autofree char *escaped = g_uri_escape_string(path, "/", FALSE);
	g_autofree char *frozen = g_strdup_printf("file:%s?immutable=1", escaped);
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
		sqlite3_exec(db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK)
		return db;
	sqlite3_close(db);
	if (sqlite3_open_v2(frozen, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) == SQLITE_OK)
		return db;
	sqlite3_close(db);
	return NULL;
}

guint history_salvage(sqlite3 *db, sqlite3 *source)
{
	guint rows = 0;

	if (!source)
		return 0;
	sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
	for (const struct history_table *table = history_tables; table->name; table++) {
		g_autofree char *columns = columns_there(source, table);
		if (!columns)
			continue;
		rows += copy(source, db, table, columns, "ASC");
		rows += copy(source, db, table, columns, "DESC");
	}
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return rows;
}

guint history_salvage_file(sqlite3 *db, const char *path)
{
	sqlite3 *source = open_source(path);
	guint rows = history_salvage(db, source);

	sqlite3_close(source);
	return rows;
}
