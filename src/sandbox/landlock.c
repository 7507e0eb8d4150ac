/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which files may be opened, by the kernel's word: see landlock.h. The constants of versions above 2 are not in Debian 12's headers; their
 * meaning: https://docs.kernel.org/userspace-api/landlock.html */
#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/path_allowlist.h"

#define TRUNCATE (1ULL << 14)      /* version 3 */
#define IOCTL_DEV (1ULL << 15)     /* version 5 */
#define BIND_TCP (1ULL << 0)       /* version 4 */
#define SCOPE_ABSTRACT (1ULL << 0) /* version 6: no abstract sockets of others */
#define SCOPE_SIGNAL (1ULL << 1)   /* version 6 */

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                                                                          \
	(READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |       \
		LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER | TRUNCATE)
/* What makes sense for a rule on a file. */
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE)

/* struct landlock_ruleset_attr as it has grown. */
struct rules_of {
	guint64 files, network, scoped;
};

struct rules {
	int fd;
	guint64 handled;
};

/* What libraries read: code and data, fonts, how many processors there are. Environments and memory of other processes in /proc need a
 * right to trace that Landlock takes away. */
static const char *const of_the_system[] = {"/usr", "/lib", "/lib64", "/opt", "/etc/fonts", "/etc/ld.so.cache",
	"/etc/localtime", "/etc/ssl", "/var/cache/fontconfig", "/proc", "/sys/devices/system", "/dev/urandom",
	"/dev/random"};
/* Host names: these are replaced by renaming, so that a rule on the file alone would be of the old one. */
static const char *const of_names[] = {
	"/etc", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/nscd"};

static guint64 all_of_version(int version)
{
	guint64 all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (version >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		all |= TRUNCATE;
	if (version >= 5)
		all |= IOCTL_DEV;
	return all;
}

/* What is not there needs no rule. */
static void allow(const struct rules *rules, const char *path, guint64 access)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat status;

	if (fd >= 0 && fstat(fd, &status) == 0) {
		struct landlock_path_beneath_attr rule = {
			.allowed_access = access & rules->handled & (S_ISDIR(status.st_mode) ? ~0ULL : OF_FILES),
			.parent_fd = fd,
		};
		syscall(SYS_landlock_add_rule, rules->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	if (fd >= 0)
		close(fd);
}

static void allow_place(const char *folder, enum place_use use, void *user)
{
	allow(user, folder, use == PLACE_WRITE ? WRITE : READ);
}

/* Fonts that this user has installed. */
static void allow_fonts(const struct rules *rules)
{
	g_autofree char *data = g_build_filename(g_get_user_data_dir(), "fonts", NULL);
	g_autofree char *old = g_build_filename(g_get_home_dir(), ".fonts", NULL);
	g_autofree char *settings = g_build_filename(g_get_user_config_dir(), "fontconfig", NULL);
	g_autofree char *cache = g_build_filename(g_get_user_cache_dir(), "fontconfig", NULL);
	const char *const paths[] = {
		data, old, settings, cache, g_getenv("FONTCONFIG_FILE"), g_getenv("FONTCONFIG_PATH")};

	for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
		if (paths[i])
			allow(rules, paths[i], READ);
}

static void allow_all(const struct rules *rules, char **files, bool names)
{
	for (guint i = 0; i < G_N_ELEMENTS(of_the_system); i++)
		allow(rules, of_the_system[i], READ);
	for (guint i = 0; names && i < G_N_ELEMENTS(of_names); i++)
		allow(rules, of_names[i], READ);
	for (char **file = files; file && *file; file++)
		allow(rules, *file, READ);
	allow_fonts(rules);
	allow(rules, "/dev/null", READ | LANDLOCK_ACCESS_FS_WRITE_FILE);
	/* Where libvips and deep zoom put what does not fit into memory. */
	allow(rules, g_get_tmp_dir(), WRITE);
	path_allowlist_each(allow_place, (void *)rules);
#ifdef DROPMILL_TEST_HOOKS
	/* The orders of a test: see base/testing/ordered_failure.h. */
	g_autofree char *orders =
		g_path_get_dirname(g_getenv("DROPMILL_TEST_TROUBLE") ? g_getenv("DROPMILL_TEST_TROUBLE") : "/usr/x");
	allow(rules, orders, READ);
#endif
}

char *landlock_enter(char **files, bool names)
{
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 1)
		return g_strdup_printf("no Landlock (%s): decoders may open whatever their user may",
			errno == EOPNOTSUPP ? "the kernel was started without" : g_strerror(errno));
	struct rules_of what = {.files = all_of_version(version),
		.network = version >= 4 ? BIND_TCP : 0,
		.scoped = version >= 6 ? SCOPE_ABSTRACT | SCOPE_SIGNAL : 0};
	gsize size = version >= 6 ? sizeof what : version >= 4 ? 2 * sizeof(guint64) : sizeof(guint64);
	struct rules rules = {(int)syscall(SYS_landlock_create_ruleset, &what, size, 0), what.files};
	if (rules.fd < 0)
		return g_strdup_printf("no Landlock rules: %s", g_strerror(errno));
	allow_all(&rules, files, names);
	int status = (int)syscall(SYS_landlock_restrict_self, rules.fd, 0);
	int number = errno;
	close(rules.fd);
	return status == 0 ? NULL : g_strdup_printf("no Landlock: %s", g_strerror(number));
}
