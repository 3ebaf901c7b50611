/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* What reports say is true, and does not speak against itself. */

#include "dms-import-fixture.h"

#include <string.h>

static char *
report_on (const char *text)
{
  g_autoptr (GError) error = NULL;
  char *report = NULL;
  g_autofree char *yaml = dms_test_import (DMS_IMPORT_AUTO, text, NULL, &report, &error);

  g_assert_no_error (error);
  return report;
}

static guint
count (const char *text, const char *part)
{
  guint n = 0;

  for (const char *at = strstr (text, part); at != NULL; at = strstr (at + 1, part))
    n++;
  return n;
}

/* Too many are not made, and not told of as if they were. */
static void
test_too_many_replicas (void)
{
  g_autofree char *compose = report_on (
      "services:\n  a: {image: i, deploy: {replicas: 200}}\n  b: {image: i, deploy: {replicas: 3}}\n"
      "  c: {image: i, scale: 2, deploy: {replicas: 3}}\n");
  g_autofree char *job =
      report_on ("apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n"
                 "  completions: 200\n  parallelism: 2\n  backoffLimit: -1\n  activeDeadlineSeconds: 0\n"
                 "  template: {spec: {containers: [{image: a}]}}\n");

  g_assert_cmpuint (count (compose, "services.a.deploy.replicas"), ==, 1);
  dms_test_import_assert_has (
      compose,
      "impossible: services.a.deploy.replicas: must be a whole number from 0 to 100; it was left out");
  dms_test_import_assert_has (compose,
                              "approximated: services.b.deploy.replicas: allocations of the same node");
  g_assert_cmpuint (count (compose, "services.c.deploy.replicas"), ==, 1);
  dms_test_import_assert_has (compose,
                              "translated: services.c.deploy.replicas: left out: scale says how many");
  dms_test_import_assert_has (compose, "approximated: services.c.scale: allocations of the same node");
  dms_test_import_assert_has (job, "impossible: Job/a.spec.completions: must be a whole number");
  dms_test_import_assert_has (job, "impossible: Job/a.spec.backoffLimit: must be a whole number");
  dms_test_import_assert_has (job, "impossible: Job/a.spec.activeDeadlineSeconds: must be a whole number");
  g_assert_cmpuint (count (job, "Job/a.spec.completions"), ==, 1);
  g_assert_cmpuint (count (job, "Job/a.spec.backoffLimit"), ==, 1);
  g_assert_cmpuint (count (job, "Job/a.spec.activeDeadlineSeconds"), ==, 1);
}

/* What has no place in an import of this size is told of as that alone. */
static void
test_no_room (void)
{
  g_autoptr (GString) text =
      g_string_new ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n"
                    "  replicas: 100\n  template:\n    spec:\n      containers:\n");
  g_autofree char *report = NULL;

  for (guint i = 0; i < 20; i++)
    g_string_append_printf (text, "        - {name: c%u, image: a}\n", i);
  g_string_append (text,
                   "---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [{image: b}]}\n");
  report = report_on (text->str);
  dms_test_import_assert_has (report, "an import makes 1,000 allocations at most");
  g_assert_cmpuint (count (report, "Deployment/a.spec.replicas"), ==, 0);
}

static void
test_no_replicas (void)
{
  g_autofree char *kubernetes =
      report_on ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: 0\n"
                 "  template: {spec: {containers: [{image: a}]}}\n---\n"
                 "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [{image: b}]}\n");
  g_autofree char *nomad = report_on (
      "{\"Job\": {\"ID\": \"a\", \"Datacenters\": [\"dc1\"], \"TaskGroups\": ["
      "{\"Name\": \"none\", \"Count\": 0, \"Tasks\": [{\"Name\": \"a\", \"Driver\": \"docker\", \"Config\": "
      "{\"image\": \"a\"}}]},"
      "{\"Name\": \"one\", \"Tasks\": [{\"Name\": \"a\", \"Driver\": \"docker\", \"Config\": "
      "{\"image\": \"a\"}, \"Resources\": {\"CPU\": 100}}]}]}}");

  dms_test_import_assert_has (kubernetes, "translated: Deployment/a.spec: left out: it has no replicas");
  dms_test_import_assert_has (nomad, "translated: Job.TaskGroups[0]: left out: its count is 0");
  dms_test_import_assert_has (nomad, "approximated: Job.Datacenters: there are no data centres");
  g_assert_null (strstr (nomad, "is not known to this importer"));
  dms_test_import_assert_has (nomad, "no amount of memory is given");
}

/* No executor lets jobs gain privileges, but for those that have all. */
static void
test_no_new_privileges (void)
{
  g_autofree char *compose =
      report_on ("services:\n"
                 "  a: {image: i, security_opt: [no-new-privileges, \"no-new-privileges:true\", seccomp:x]}\n"
                 "  b: {image: i, security_opt: [\"no-new-privileges:false\"]}\n"
                 "  c: {image: i, privileged: true, security_opt: [\"no-new-privileges:true\"]}\n");
  g_autofree char *kubernetes =
      report_on ("apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec:\n  hostPID: false\n  containers:\n"
                 "    - {image: b, securityContext: {allowPrivilegeEscalation: false}}\n"
                 "    - {image: b, securityContext: {allowPrivilegeEscalation: true}}\n"
                 "    - {image: b, tty: false, securityContext: {privileged: true, "
                 "allowPrivilegeEscalation: true, readOnlyRootFilesystem: false}}\n");
  g_autofree char *nomad =
      report_on ("{\"Job\": {\"ID\": \"a\", \"TaskGroups\": [{\"Name\": \"g\", \"Tasks\": [{\"Name\": \"a\", "
                 "\"Driver\": \"docker\", \"Config\": {\"image\": \"a\", \"security_opt\": "
                 "[\"no-new-privileges=true\"]}}]}]}}");

  dms_test_import_assert_has (compose, "translated: services.a.security_opt[0]: it is so");
  dms_test_import_assert_has (compose, "translated: services.a.security_opt[1]: it is so");
  dms_test_import_assert_has (compose, "impossible: services.a.security_opt[2]: the machine's own profile");
  dms_test_import_assert_has (compose, "impossible: services.b.security_opt[0]: no job gains privileges");
  dms_test_import_assert_has (compose, "impossible: services.c.security_opt[0]: privileged jobs may gain");
  dms_test_import_assert_has (
      kubernetes, "translated: Pod/b.spec.containers[0].securityContext.allowPrivilegeEscalation");
  dms_test_import_assert_has (
      kubernetes, "approximated: Pod/b.spec.containers[1].securityContext.allowPrivilegeEscalation");
  dms_test_import_assert_has (
      kubernetes, "translated: Pod/b.spec.containers[2].securityContext.allowPrivilegeEscalation");
  g_assert_null (strstr (kubernetes, "hostPID: jobs"));
  g_assert_null (strstr (kubernetes, "nobody sits at a terminal"));
  g_assert_null (strstr (kubernetes, "the root is writable"));
  dms_test_import_assert_has (nomad, "Config.security_opt[0]: it is so");
}

/* What is off, as here, is not missed. */
static void
test_usual_values (void)
{
  g_autofree char *report =
      report_on ("services:\n  a: {image: i, tty: false, read_only: false, init: false, stdin_open: false,\n"
                 "      pull_policy: missing, ipc: private, cpus: 1, mem_limit: 64m}\n");

  g_assert_null (strstr (report, "impossible"));
  g_assert_null (strstr (report, "approximated"));
}

/* What is left out as a whole is not told of member by member, as if each were unknown. */
static void
test_left_out (void)
{
  g_autofree char *compose =
      report_on ("services:\n  a: {build: ., ports: [\"8080:80\"]}\n  b: {image: i}\n");
  g_autofree char *kubernetes = report_on ("apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec:\n"
                                           "  initContainers: [{name: x, env: [{name: A, value: b}]}]\n"
                                           "  containers: [{image: b}, {name: c, env: [{name: A, value: b}], "
                                           "livenessProbe: {exec: {command: [a]}}}]\n");
  g_autofree char *nomad =
      report_on ("{\"Job\": {\"ID\": \"a\", \"TaskGroups\": [{\"Name\": \"g\", \"Tasks\": ["
                 "{\"Name\": \"j\", \"Driver\": \"java\", \"Config\": {}, \"Resources\": {\"CPU\": 100}, "
                 "\"KillSignal\": \"X\"},"
                 "{\"Name\": \"e\", \"Driver\": \"exec\", \"Config\": {\"args\": []}},"
                 "{\"Name\": \"a\", \"Driver\": \"docker\", \"Config\": {\"image\": \"a\"}}]}]}}");

  g_assert_null (strstr (compose, "is not known to this importer"));
  g_assert_null (strstr (kubernetes, "is not known to this importer"));
  g_assert_null (strstr (nomad, "is not known to this importer"));
  g_assert_null (strstr (nomad, "a process in the machine's sandbox"));
}

typedef struct
{
  const char *path;
  const char *fate;
  const char *text;
} Entry;

static gboolean
is_at_or_below (const char *path, const char *top)
{
  gsize length = strlen (top);

  return strncmp (path, top, length) == 0 &&
         (path[length] == '\0' || path[length] == '.' || path[length] == '[');
}

/* (nullable): two entries of which one says that something was left out, the other that something else became
 * of it, or of a part of it */
static char *
find_contradiction (JsonArray *entries)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Entry));

  for (guint i = 0; i < json_array_get_length (entries); i++)
    {
      JsonObject *object = json_array_get_object_element (entries, i);
      Entry entry = { json_object_get_string_member (object, "path"),
                      json_object_get_string_member (object, "fate"),
                      json_object_get_string_member (object, "text") };

      g_array_append_val (all, entry);
    }
  for (guint i = 0; i < all->len; i++)
    {
      const Entry *one = &g_array_index (all, Entry, i);

      if (strcmp (one->fate, "impossible") != 0 || strstr (one->text, "was left out") == NULL)
        continue;
      for (guint j = 0; j < all->len; j++)
        {
          const Entry *other = &g_array_index (all, Entry, j);

          if (i != j && (strcmp (other->path, one->path) == 0 || (is_at_or_below (other->path, one->path) &&
                                                                  strcmp (other->fate, "approximated") == 0)))
            return g_strdup_printf (
                "%s: %s\n%s: %s: %s", one->path, one->text, other->path, other->fate, other->text);
        }
    }
  return NULL;
}

static void
check_variant (const char *file, const char *folder, const char *text, const char *line)
{
  g_autoptr (DmsImporter) importer = dms_importer_new (DMS_IMPORT_AUTO);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (JsonNode) report = NULL;
  g_autofree char *found = NULL;
  g_autofree char *yaml = NULL;

  if (!dms_importer_add_data (importer, file, folder, bytes, NULL))
    return;
  yaml = dms_importer_translate (importer, NULL);
  report = dms_import_report_to_json (dms_importer_get_report (importer));
  found = find_contradiction (json_object_get_array_member (json_node_get_object (report), "entries"));
  if (found == NULL)
    return;
  g_test_message ("%s with “%s”:\n%s", file, line, found);
  g_test_fail ();
}

/* Each value of the examples made one that cannot be, one at a time. */
static void
check_file (const char *name)
{
  static const char *const bad[] = { "nonsense", "200", "-1", "[]" };
  g_autoptr (GRegex) regex =
      g_regex_new ("^(\\s*(?:- )?[\\w./\"-]+: )([^\\s\\[{&*|>][^,]*)(,?)$", G_REGEX_OPTIMIZE, 0, NULL);
  g_autofree char *path = g_build_filename (g_getenv ("DMS_TEST_DATA"), "import", name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  check_variant (name, folder, text, "nothing changed");
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (GMatchInfo) match = NULL;
      g_autofree char *start = NULL;
      g_autofree char *end = NULL;
      char *line = lines[i];

      if (!g_regex_match (regex, line, 0, &match))
        continue;
      start = g_match_info_fetch (match, 1);
      end = g_match_info_fetch (match, 3);
      for (guint j = 0; j < G_N_ELEMENTS (bad); j++)
        {
          gboolean quote = strchr (start, '"') != NULL && j == 0;
          g_autofree char *changed =
              g_strdup_printf ("%s%s%s%s%s", start, quote ? "\"" : "", bad[j], quote ? "\"" : "", end);
          g_autofree char *variant = NULL;

          lines[i] = changed;
          variant = g_strjoinv ("\n", lines);
          lines[i] = line;
          check_variant (name, folder, variant, changed);
        }
    }
}

static void
test_no_contradictions (void)
{
  static const char *const names[] = { "compose/batch.yaml",       "compose/gpu.yaml",
                                       "compose/monitoring.yaml",  "compose/shop/compose.yaml",
                                       "kubernetes/database.yaml", "kubernetes/pod.yaml",
                                       "kubernetes/training.json", "kubernetes/web.yaml",
                                       "nomad/batch.hcl.json",     "nomad/web.json" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    check_file (names[i]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/importers/reports/too-many-replicas", test_too_many_replicas);
  g_test_add_func ("/importers/reports/no-room", test_no_room);
  g_test_add_func ("/importers/reports/no-replicas", test_no_replicas);
  g_test_add_func ("/importers/reports/no-new-privileges", test_no_new_privileges);
  g_test_add_func ("/importers/reports/usual-values", test_usual_values);
  g_test_add_func ("/importers/reports/left-out", test_left_out);
  g_test_add_func ("/importers/reports/no-contradictions", test_no_contradictions);
  return g_test_run ();
}
