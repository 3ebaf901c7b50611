/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-library-finder.h"

#include "observability/dms-log.h"
#include "resources/dms-library.h"
#include "resources/dms-requirement.h"
#include "resources/dms-semver.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  /* What was found is believed for so long. */
  KEPT_SECONDS = 60,
  /* Names: those of as many requests as the bidder has looked for at a time. */
  MAX_KEPT = 2048,
  /* Files of pkg-config are a few hundred bytes. */
  MAX_FILE = 64 * 1024,
  /* Entries of a folder of shared objects that are looked at. */
  MAX_ENTRIES = 50000,
  /* References in a version are followed so often. */
  MAX_REFERENCES = 4,
};

struct _DmsLibraryFinder
{
  GObject parent_instance;

  char *root;
  gboolean search;
  /* Names in small letters. Name → version as the owner says. */
  GHashTable *stated;
  /* Name → Found. */
  GHashTable *found;
};

/* What a search came to. */
typedef struct
{
  /* Empty when it is there and its version is not known; NULL when it is not there. */
  char *version;
  gint64 found_us;
} Found;

G_DEFINE_FINAL_TYPE (DmsLibraryFinder, dms_library_finder, G_TYPE_OBJECT)

static void
found_free (gpointer data)
{
  Found *found = data;

  g_free (found->version);
  g_free (found);
}

static void
dms_library_finder_finalize (GObject *object)
{
  DmsLibraryFinder *self = DMS_LIBRARY_FINDER (object);

  g_free (self->root);
  g_hash_table_unref (self->stated);
  g_hash_table_unref (self->found);

  G_OBJECT_CLASS (dms_library_finder_parent_class)->finalize (object);
}

static void
dms_library_finder_class_init (DmsLibraryFinderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_library_finder_finalize;
}

static void
dms_library_finder_init (DmsLibraryFinder *self)
{
  self->stated = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, found_free);
}

/* (transfer full) (nullable): what of a version can be compared. */
static char *
dup_comparable (const char *text)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  g_autoptr (DmsSemver) version = dms_semver_new (stripped, NULL);
  g_autoptr (DmsSemver) beginning = NULL;

  if (version != NULL)
    return g_steal_pointer (&stripped);
  stripped[strspn (stripped, "0123456789.")] = '\0';
  if (g_str_has_suffix (stripped, "."))
    stripped[strlen (stripped) - 1] = '\0';
  beginning = dms_semver_new (stripped, NULL);
  return beginning != NULL ? g_steal_pointer (&stripped) : NULL;
}

static void
state (DmsLibraryFinder *self, const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t=", -1);
  const char *name = words[0];
  const char *version = NULL;
  g_autofree char *comparable = NULL;

  for (guint i = 1; name != NULL && words[i] != NULL; i++)
    version = words[i][0] != '\0' ? words[i] : version;
  comparable = version != NULL ? dup_comparable (version) : NULL;
  if (name != NULL && dms_requirement_is_library_name (name) && comparable != NULL)
    g_hash_table_replace (self->stated, g_ascii_strdown (name, -1), g_steal_pointer (&comparable));
  else
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "offered_library_not_understood",
                   "error",
                   "job.offer.libraries must be names with versions, such as cuda=12.2",
                   "library",
                   text,
                   NULL);
}

DmsLibraryFinder *
dms_library_finder_new (const char *root, const char *const *stated, gboolean search)
{
  DmsLibraryFinder *self = g_object_new (DMS_TYPE_LIBRARY_FINDER, NULL);

  self->root = g_strdup (root);
  self->search = search;
  for (guint i = 0; stated != NULL && stated[i] != NULL; i++)
    state (self, stated[i]);
  return self;
}

/* Files, in the other thread */

/* (transfer full) (nullable): a small file that is one. */
static char *
read_file (const char *path)
{
  g_autofree char *text = g_malloc (MAX_FILE + 1);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat info;
  gssize n = -1;

  if (fd < 0)
    return NULL;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size <= MAX_FILE)
    n = read (fd, text, MAX_FILE);
  close (fd);
  if (n < 0 || !g_utf8_validate (text, n, NULL))
    return NULL;
  text[n] = '\0';
  return g_steal_pointer (&text);
}

/* (nullable): the value of `name=` or `name:` in a file of pkg-config, without the blanks around it */
static char *
dup_value (char *const *lines, const char *name, char mark)
{
  gsize length = strlen (name);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *rest = lines[i] + length;

      if (strncmp (lines[i], name, length) != 0)
        continue;
      rest += strspn (rest, " \t");
      if (*rest == mark)
        return g_strstrip (g_strdup (rest + 1));
    }
  return NULL;
}

/* `${name}` of the same file. (transfer full) */
static char *
resolve (char *const *lines, char *value)
{
  g_autofree char *text = value;

  for (guint i = 0; i < MAX_REFERENCES; i++)
    {
      const char *begin = strstr (text, "${");
      const char *end = begin != NULL ? strchr (begin, '}') : NULL;
      g_autofree char *name = end != NULL ? g_strndup (begin + 2, (gsize) (end - begin - 2)) : NULL;
      g_autofree char *meant = name != NULL && name[0] != '\0' ? dup_value (lines, name, '=') : NULL;
      char *next;

      if (meant == NULL || strlen (meant) > MAX_FILE)
        break;
      next = g_strdup_printf ("%.*s%s%s", (int) (begin - text), text, meant, end + 1);
      g_free (text);
      text = next;
    }
  return g_steal_pointer (&text);
}

/* (transfer full) (nullable): the version of a module; empty when it is none that can be compared */
static char *
read_module (const char *folder, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".pc", NULL);
  g_autofree char *path = g_build_filename (folder, "pkgconfig", file, NULL);
  g_autofree char *text = read_file (path);
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  g_autofree char *version = NULL;
  char *comparable;

  if (text == NULL)
    return NULL;
  version = dup_value (lines, "Version", ':');
  if (version == NULL)
    return NULL;
  version = resolve (lines, g_steal_pointer (&version));
  comparable = dup_comparable (version);
  return comparable != NULL ? comparable : g_strdup ("");
}

/* Takes the newer one of two. (transfer full) (nullable) */
static char *
newer (char *a, char *b)
{
  g_autofree char *one = a;
  g_autofree char *other = b;
  g_autoptr (DmsSemver) left = one != NULL ? dms_semver_new (one, NULL) : NULL;
  g_autoptr (DmsSemver) right = other != NULL ? dms_semver_new (other, NULL) : NULL;

  if (left == NULL || right == NULL)
    return left != NULL || right == NULL ? g_steal_pointer (&one) : g_steal_pointer (&other);
  return dms_semver_compare (left, right) < 0 ? g_steal_pointer (&other) : g_steal_pointer (&one);
}

/* Looks through a folder of shared objects once: `libNAME.so.VERSION`. newest: name in small letters →
 * version */
static void
scan_shared_objects (const char *folder, GHashTable *newest)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *entry = NULL;
  guint n = 0;

  while (dir != NULL && n++ < MAX_ENTRIES && (entry = g_dir_read_name (dir)) != NULL)
    {
      const char *mark = strstr (entry, ".so.");
      g_autofree char *name = mark != NULL ? g_ascii_strdown (entry, mark - entry) : NULL;
      gpointer old = NULL;

      if (name != NULL && g_hash_table_lookup_extended (newest, name, NULL, &old))
        g_hash_table_replace (
            newest, g_steal_pointer (&name), newer (g_strdup (old), dup_comparable (mark + strlen (".so."))));
    }
}

/* Where libraries are: the folders of all, and those of each architecture. */
static GPtrArray *
list_folders (const char *root)
{
  static const char *const usual[] = {
    "usr/local/lib", "usr/local/share", "usr/lib64", "usr/lib", "usr/share"
  };
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *lib = g_build_filename (root, "usr", "lib", NULL);
  g_autoptr (GDir) dir = g_dir_open (lib, 0, NULL);
  const char *entry;

  for (guint i = 0; i < G_N_ELEMENTS (usual); i++)
    g_ptr_array_add (folders, g_build_filename (root, usual[i], NULL));
  while (dir != NULL && (entry = g_dir_read_name (dir)) != NULL)
    {
      if (strstr (entry, "-linux-") == NULL)
        continue;
      g_ptr_array_add (folders, g_build_filename (lib, entry, NULL));
      g_ptr_array_add (folders, g_build_filename (root, "usr", "local", "lib", entry, NULL));
    }
  return folders;
}

/* (transfer full) (nullable) */
static char *
find_module (GPtrArray *folders, const char *name)
{
  g_autofree char *small = g_ascii_strdown (name, -1);
  char *version = NULL;

  for (guint i = 0; version == NULL && i < folders->len; i++)
    version = read_module (folders->pdata[i], name);
  for (guint i = 0; version == NULL && i < folders->len; i++)
    version = read_module (folders->pdata[i], small);
  return version;
}

typedef struct
{
  char *root;
  GStrv names;
  /* Of each name, (nullable) */
  char **versions;
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;

  for (guint i = 0; search->names[i] != NULL; i++)
    g_free (search->versions[i]);
  g_free (search->versions);
  g_strfreev (search->names);
  g_free (search->root);
  g_free (search);
}

static void
search_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Search *search = data;
  g_autoptr (GPtrArray) folders = list_folders (search->root);
  g_autoptr (GHashTable) shared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; search->names[i] != NULL; i++)
    {
      search->versions[i] = find_module (folders, search->names[i]);
      if (search->versions[i] == NULL && g_ascii_strncasecmp (search->names[i], "lib", 3) == 0)
        g_hash_table_insert (shared, g_ascii_strdown (search->names[i], -1), NULL);
    }
  for (guint i = 0; i < folders->len && g_hash_table_size (shared) > 0; i++)
    scan_shared_objects (folders->pdata[i], shared);
  for (guint i = 0; search->names[i] != NULL; i++)
    {
      g_autofree char *name = g_ascii_strdown (search->names[i], -1);

      if (search->versions[i] == NULL)
        search->versions[i] = g_strdup (g_hash_table_lookup (shared, name));
    }
  g_task_return_boolean (task, TRUE);
}

/* In the context of the object */

/* (nullable): what is known of a name as it is written, for files are told apart by that; NULL when that is
 * nothing, or old */
static Found *
find_known (DmsLibraryFinder *self, const char *name, gint64 kept_seconds)
{
  Found *found = g_hash_table_lookup (self->found, name);

  return found != NULL && g_get_monotonic_time () - found->found_us < kept_seconds * G_USEC_PER_SEC ? found
                                                                                                    : NULL;
}

/* (transfer full): what has to be looked for, each once and no more than can be kept; all: also what is known
 */
static GStrv
list_unknown (DmsLibraryFinder *self, const char *const *names, gboolean all)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; self->search && names[i] != NULL; i++)
    {
      g_autofree char *name = g_ascii_strdown (names[i], -1);

      if (!dms_requirement_is_library_name (name) || g_hash_table_contains (self->stated, name) ||
          (!all && find_known (self, names[i], KEPT_SECONDS) != NULL) ||
          g_hash_table_contains (seen, names[i]) || g_hash_table_size (seen) >= MAX_KEPT)
        continue;
      g_strv_builder_add (builder, names[i]);
      g_hash_table_add (seen, (gpointer) names[i]);
    }
  return g_strv_builder_end (builder);
}

gboolean
dms_library_finder_knows (DmsLibraryFinder *self, const char *const *names)
{
  g_auto (GStrv) unknown = NULL;

  g_return_val_if_fail (DMS_IS_LIBRARY_FINDER (self), TRUE);

  unknown = list_unknown (self, names, FALSE);
  return unknown[0] == NULL;
}

GPtrArray *
dms_library_finder_get (DmsLibraryFinder *self, const char *const *names)
{
  GPtrArray *there = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_library_unref);

  g_return_val_if_fail (DMS_IS_LIBRARY_FINDER (self), there);

  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *name = g_ascii_strdown (names[i], -1);
      const char *version = g_hash_table_lookup (self->stated, name);
      /* What was fresh when it was looked for is good for the request that wanted it. */
      Found *found = version == NULL ? find_known (self, names[i], 2 * KEPT_SECONDS) : NULL;

      if (found != NULL)
        version = found->version;
      if (version != NULL)
        g_ptr_array_add (there, dms_library_new (names[i], NULL, version));
    }
  return there;
}

static gboolean
is_stale (gpointer name, gpointer value, gpointer now)
{
  return *(gint64 *) now - ((Found *) value)->found_us >= (gint64) 2 * KEPT_SECONDS * G_USEC_PER_SEC;
}

/* Whether so many more can be kept, once what is of no use any more is forgotten. */
static gboolean
has_room (DmsLibraryFinder *self, guint n)
{
  gint64 now = g_get_monotonic_time ();

  if (g_hash_table_size (self->found) + n > MAX_KEPT)
    g_hash_table_foreach_remove (self->found, is_stale, &now);
  return g_hash_table_size (self->found) + n <= MAX_KEPT;
}

static void
searched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DmsLibraryFinder *self = DMS_LIBRARY_FINDER (source);
  Search *search = g_task_get_task_data (G_TASK (result));
  gint64 now = g_get_monotonic_time ();

  if (!has_room (self, g_strv_length (search->names)))
    g_hash_table_remove_all (self->found);
  for (guint i = 0; search->names[i] != NULL; i++)
    {
      Found *found = g_new0 (Found, 1);

      found->version = g_steal_pointer (&search->versions[i]);
      found->found_us = now;
      g_hash_table_replace (self->found, g_strdup (search->names[i]), found);
    }
  g_task_return_boolean (task, TRUE);
}

void
dms_library_finder_look_async (DmsLibraryFinder *self,
                               const char *const *names,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GTask) inner = NULL;
  Search *search = NULL;

  g_return_if_fail (DMS_IS_LIBRARY_FINDER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dms_library_finder_look_async);
  search = g_new0 (Search, 1);
  search->root = g_strdup (self->root);
  search->names = list_unknown (self, names, FALSE);
  /* When all has to be forgotten, what this request relies on is looked for again. */
  if (!has_room (self, g_strv_length (search->names)))
    {
      g_strfreev (search->names);
      search->names = list_unknown (self, names, TRUE);
    }
  search->versions = g_new0 (char *, g_strv_length (search->names) + 1);
  inner = g_task_new (self, NULL, searched, g_steal_pointer (&task));
  g_task_set_task_data (inner, search, search_free);
  g_task_run_in_thread (inner, search_in_thread);
}

gboolean
dms_library_finder_look_finish (DmsLibraryFinder *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
