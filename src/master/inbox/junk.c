/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Names that are not pictures: programs leave such files beside pictures, write incomplete ones under them, or keep deleted ones there. Files
 * of such names are left where they are, folders are not entered. One table: who makes them, and patterns with one `*`, or one at
 * either end, in lower case, `|` between them. The manual lists it (`make docs`). */
#include "master/inbox/junk.h"

#include <string.h>

#include "master/inbox/inbox.h"

static const struct {
	const char *who, *patterns;
} table[] = {
	/* junk: begin */
	{"hidden files and folders (macOS, Synology, QNAP, rsync, Nextcloud, Dropbox, Syncthing, vim, lftp, ...)",
		".*"},
	{"Office, editors, Syncthing, NetApp: owner files, backups, snapshots", "~*|*~|*.swp|#*#"},
	{"programs that save: a temporary file", "*.tmp|*.temp|photoshop temp*|*.ffs_tmp"},
	{"Chrome, Edge, Opera, Firefox, Safari, Internet Explorer: an unfinished download",
		"*.crdownload|*.unconfirmed|*.opdownload|*.part|*.download|*.partial"},
	{"download programs (aria2, axel, yt-dlp, DownThemAll, FDM, FlashGet, GetRight)",
		"*.aria2|*.aria2__temp|*.st|*.ytdl|*.dtapart|*.fdmdownload|*.jc!|*.getright"},
	{"torrent programs (qBittorrent, uTorrent, BitComet, Vuze, Xunlei)", "*.!qb|*.!ut|*.!bt|*.bc!|*.az!|*.xltd"},
	{"uploads and FTP programs (WinSCP, lftp and others)",
		"*.filepart|*.lftp-pget-status|*.uploading|*.upload|*.incomplete|*.rsync"},
	{"sync programs (Resilio, Nextcloud, ownCloud, FreeFileSync, GoodSync)",
		"*.!sync|*.bts|*.rsls|*.rslsc|*.syncpart|*.nextcloud|*.owncloud|*.ffs_db|*.ffs_lock|_gsdata_"},
	{"Windows: thumbnails, folder settings, recycle bins, found clusters",
		"thumbs.db|ehthumbs.db|ehthumbs_vista.db|desktop.ini|$recycle.bin|recycler|system volume information|"
		"found.000"},
	{"Windows and macOS: streams of a file that came as files of their own",
		"*:zone.identifier|*:encryptable|*:smartscreen|*:$data|*:afp_afpinfo|*:afp_resource|*:com.apple.*|"
		"*:com.dropbox.*"},
	{"macOS: folder icons, archives' extras, safe saves, bins of shares",
		"icon\r|icon\xef\x80\x8d|__macosx|*.sb-*|network trash folder|temporary items|thevolumesettingsfolder|"
		"desktop db|desktop df"},
	{"Linux, Android: what a disk check found", "lost+found|lost.dir"},
	{"NAS (Synology, QNAP): previews, recycle bins, snapshots",
		"@eadir|@tmp|*@synoeastream|*@synoresource|#recycle|#snapshot|@recycle|@recently-snapshot"},
	{"picture programs: settings, previews", "picasa.ini|zbthumbnail.info|*.lrdata"},
	{"cameras, phones and picture programs: what belongs to a picture, and is none", "*.xmp|*.aae|*.pp3|*.dop"},
	{"the mill itself: why a file failed", "*" REASON_ENDING},
	/* junk: end */
};

/* HEAD*TAIL, *PART*, or NAME. */
struct pattern {
	char *head, *tail, *part, *name; /* those that it has */
};

static struct pattern pattern_of(const char *word)
{
	const char *star = strchr(word, '*'), *last = strrchr(word, '*');

	if (!star)
		return (struct pattern){.name = g_strdup(word)};
	if (star != last)
		return (struct pattern){.part = g_strndup(star + 1, (gsize)(last - star - 1))};
	return (struct pattern){.head = g_strndup(word, (gsize)(star - word)), .tail = g_strdup(star + 1)};
}

static GArray *compile(void)
{
	GArray *patterns = g_array_new(FALSE, FALSE, sizeof(struct pattern));

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_auto(GStrv) words = g_strsplit(table[i].patterns, "|", -1);
		for (char **word = words; *word; word++) {
			struct pattern pattern = pattern_of(*word);
			g_array_append_val(patterns, pattern);
		}
	}
	return patterns;
}

static bool fits(const struct pattern *pattern, const char *name)
{
	if (pattern->name)
		return strcmp(name, pattern->name) == 0;
	if (pattern->part)
		return strstr(name, pattern->part) != NULL;
	return g_str_has_prefix(name, pattern->head) && g_str_has_suffix(name + strlen(pattern->head), pattern->tail);
}

bool junk_name(const char *name)
{
	static gsize once;
	static GArray *patterns;
	char lower[NAME_MAX + 1] = "";
	gsize length = strlen(name);

	if (g_once_init_enter(&once)) {
		patterns = compile();
		g_once_init_leave(&once, 1);
	}
	if (length > NAME_MAX)
		return false;
	for (gsize i = 0; i <= length; i++)
		lower[i] = g_ascii_tolower(name[i]);
	for (guint i = 0; i < patterns->len; i++)
		if (fits(&g_array_index(patterns, struct pattern, i), lower))
			return true;
	return false;
}
