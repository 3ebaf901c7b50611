/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-import-fixture.h"
#include "importers/dms-import-draft.h"
#include "importers/dms-import-files.h"
#include "importers/dms-import-text.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void
test_nested_aliases (void)
{
  g_autoptr (GString) text = g_string_new ("x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
  g_autoptr (GError) error = NULL;

  for (int i = 1; i < 12; i++)
    {
      g_string_append_printf (text, "x-%d: &a%d [", i, i);
      for (int j = 0; j < 10; j++)
        g_string_append_printf (text, "%s*a%d", j > 0 ? ", " : "", i - 1);
      g_string_append (text, "]\n");
    }
  g_string_append (text, "services: {a: {image: a}}\n");
  g_assert_null (dms_test_import (DMS_IMPORT_AUTO, text->str, NULL, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

static void
test_too_deep (void)
{
  g_autoptr (GString) text = g_string_new ("{\"apiVersion\": \"v1\", \"kind\": ");
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 1000; i++)
    g_string_append_c (text, '[');
  g_assert_null (dms_test_import (DMS_IMPORT_AUTO, text->str, NULL, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

/* A line that asks for a machine a citizen. */
static void
test_counts (void)
{
  static const char *const texts[] = {
    "services: {a: {image: a, scale: 1000000000}}\n",
    "services: {a: {image: a, deploy: {replicas: 1000000000}}}\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: 2000000000\n"
    "  template: {spec: {containers: [{image: a}]}}\n",
    "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  completions: 2000000000\n"
    "  template: {spec: {containers: [{image: a}]}}\n",
    "{\"Job\": {\"ID\": \"a\", \"TaskGroups\": [{\"Name\": \"a\", \"Count\": 2000000000, \"Tasks\": "
    "[{\"Name\": "
    "\"a\", \"Driver\": \"docker\", \"Config\": {\"image\": \"a\"}}]}]}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *report = NULL;
      g_autofree char *yaml = dms_test_import (DMS_IMPORT_AUTO, texts[i], NULL, &report, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (strlen (yaml), <, 10000);
      dms_test_import_assert_has (report, "impossible");
      dms_test_import_assert_has (report, "must be a whole number from");
    }
}

/* Variables that are made of others, each twice as long as the one before it. */
static void
test_doubling_variables (void)
{
  g_autoptr (GString) text =
      g_string_new ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n"
                    "    - image: a\n      args: [\"$(V39)$(V39)\"]\n      env:\n"
                    "        - {name: V0, value: 0123456789}\n");
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *yaml = NULL;

  for (int i = 1; i < 40; i++)
    g_string_append_printf (text, "        - {name: V%d, value: \"$(V%d)$(V%d)\"}\n", i, i - 1, i - 1);
  yaml = dms_test_import (DMS_IMPORT_AUTO, text->str, NULL, &report, &error);
  g_assert_null (yaml);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  dms_test_import_assert_has (report, "its variables make it longer than 1 MiB");
}

/* What begins and never ends, a million times. */
static void
test_open_variables (void)
{
  g_autoptr (GString) text = g_string_new ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  "
                                           "containers:\n    - image: a\n      args: [\"");
  g_autoptr (GError) error = NULL;
  g_autofree char *yaml = NULL;

  for (int i = 0; i < 450 * 1000; i++)
    g_string_append (text, "$(");
  g_string_append (text, "\"]\n");
  yaml = dms_test_import (DMS_IMPORT_AUTO, text->str, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* One long text in many places of many replicas. */
static void
test_repeated_texts (void)
{
  g_autofree char *content = g_strnfill (1000 * 1000, 'x');
  g_autoptr (GString) text = g_string_new ("services:\n");
  g_autoptr (GError) error = NULL;
  g_autofree char *yaml = NULL;

  g_string_append (text, "  a:\n    image: a\n    scale: 100\n    configs:\n");
  for (int i = 0; i < 60; i++)
    g_string_append_printf (text, "      - {source: c, target: /c%d}\n", i);
  g_string_append_printf (text, "configs: {c: {content: %s}}\n", content);
  yaml = dms_test_import (DMS_IMPORT_AUTO, text->str, NULL, NULL, &error);
  g_assert_null (yaml);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

/* (transfer full): a Nomad job of n groups of one task, and what else it, each group and each task has */
static char *
make_nomad (guint n, const char *job_more, const char *group_more, const char *task_more)
{
  g_autoptr (GString) text = g_string_new ("{\"Job\": {\"ID\": \"a\", ");

  g_string_append_printf (text, "%s\"TaskGroups\": [", job_more);
  for (guint i = 0; i < n; i++)
    {
      g_string_append_printf (text, "%s{\"Name\": \"g\", %s", i > 0 ? ", " : "", group_more);
      g_string_append_printf (text, "\"Tasks\": [{\"Name\": \"t\", \"Driver\": \"docker\", %s", task_more);
      g_string_append (text,
                       "\"Config\": {\"image\": \"a\"}, \"Resources\": {\"CPU\": 100, \"MemoryMB\": 64}}]}");
    }
  g_string_append (text, "]}}");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* (transfer full): `FIRST item, item, … LAST`, with numbers in the place of each `#` */
static char *
make_many (const char *first, guint n, const char *item, const char *last)
{
  g_autoptr (GString) text = g_string_new (first);
  g_auto (GStrv) parts = g_strsplit (item, "#", -1);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", 2000 + i);
      g_autofree char *one = g_strjoinv (number, parts);

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", one);
    }
  g_string_append (text, last);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Of the processor, so that what else runs does not count. */
static double
measure (const char *what, const char *text, char **report)
{
  const clock_t start = clock ();
  g_autoptr (GError) error = NULL;
  g_autofree char *yaml = dms_test_import (DMS_IMPORT_AUTO, text, NULL, report, &error);
  const double seconds = (double) (clock () - start) / CLOCKS_PER_SEC;

  if (yaml == NULL)
    g_assert_true (error->domain == DMS_ERROR);
  g_test_message ("%s: %.2f s for %" G_GSIZE_FORMAT " bytes", what, seconds, strlen (text));
  return seconds;
}

/* It was half a minute, or all memory, where it took more than it says. */
static void
assert_soon (const char *what, const char *text, char **report)
{
  const char *patience = g_getenv ("DMS_TEST_PATIENCE");

  if (measure (what, text, report) > 15 * (patience == NULL ? 1 : g_ascii_strtod (patience, NULL)))
    g_test_fail_printf ("%s took too long", what);
}

/* What a job says for all groups is read once, and a place is named once. */
static void
test_many_datacenters (void)
{
  g_autofree char *list = make_many ("\"Datacenters\": [", 100000, "\"us-east-1\"", "], ");
  g_autofree char *text = make_nomad (500, list, "", "");

  assert_soon ("data centres", text, NULL);
}

static void
test_many_mounts (void)
{
  g_autofree char *mounts =
      make_many ("\"VolumeMounts\": [", 250, "{\"Volume\": \"v#\", \"Destination\": \"/d#\"}", "], ");
  g_autofree char *volumes =
      make_many ("\"Volumes\": {", 1000, "\"v#\": {\"Source\": \"x\"}", "}, \"Count\": 100, ");
  g_autofree char *text = make_nomad (1, "", volumes, mounts);

  assert_soon ("mounts", text, NULL);
}

static double
measure_ports (guint n)
{
  g_autoptr (DmsImportDraft) draft = dms_import_draft_new ();
  const clock_t start = clock ();

  for (guint i = 0; i < 50; i++)
    {
      DmsImportNode *node = dms_import_draft_add_node (draft, "a");

      for (guint j = 0; j < n; j++)
        g_assert_cmpint (dms_import_node_add_port (node, 2000 + j, 80, "a"), ==, 2000 + j);
      /* It is taken. */
      g_assert_cmpint (dms_import_node_add_port (node, 2000, 80, "a"), <=, 0);
    }
  return (double) (clock () - start) / CLOCKS_PER_SEC;
}

/* Four times as many ports are not sixteen times the work. What a busy machine adds now and then, it does not
 * add each time. */
static void
test_many_fixed_ports (void)
{
  double least = G_MAXDOUBLE;

  for (int i = 0; i < 5; i++)
    {
      const double some = measure_ports (250);
      const double many = measure_ports (1000);

      g_test_message ("%.3f s and %.3f s", some, many);
      least = MIN (least, many / MAX (some, 0.002));
    }
  g_assert_cmpfloat (least, <, 6);
}

/* What is read anew for each copy is bounded, and told of. */
static void
test_many_members_of_copies (void)
{
  g_autofree char *env = make_many ("\"Env\": {", 50000, "\"K#\": \"v\"", "}, ");
  g_autofree char *nomad = make_nomad (1, "", "\"Count\": 100, ", env);
  g_autofree char *list = make_many ("env: [", 15000, "{name: K#, value: v}", "]");
  g_autofree char *kubernetes = g_strdup_printf ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: "
                                                 "a}\nspec:\n  replicas: 100\n  template:\n    spec:\n"
                                                 "      containers:\n      - image: a\n        %s\n",
                                                 list);
  g_autofree char *report = NULL;
  g_autofree char *other = NULL;

  assert_soon ("variables", nomad, &report);
  dms_test_import_assert_has (report, "TaskGroups[0]: it is too large for so many copies");
  assert_soon ("variables", kubernetes, &other);
  dms_test_import_assert_has (other, "Deployment/a.spec.template.spec: it is too large for so many copies");
}

static void
test_many_services (void)
{
  g_autoptr (GString) text = g_string_new ("services:\n");
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *yaml = NULL;

  for (int i = 0; i < 1100; i++)
    g_string_append_printf (text, "  s%d: {image: a}\n", i);
  yaml = dms_test_import (DMS_IMPORT_AUTO, text->str, NULL, &report, &error);
  g_assert_no_error (error);
  dms_test_import_assert_has (yaml, "  s999:\n");
  g_assert_null (strstr (yaml, "  s1000:\n"));
  dms_test_import_assert_has (report, "services.s1000: an import makes 1,000 allocations at most");
}

static void
test_many_ports (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *yaml = dms_test_import (
      DMS_IMPORT_AUTO,
      "services:\n  a:\n    image: a\n    ports: [\"2000-2999:2000-2999\", \"3000-3999\", \"1-60000\"]\n",
      NULL,
      &report,
      &error);

  g_assert_no_error (error);
  dms_test_import_assert_has (report, "services.a.ports[1]: a node has 1,024 ports at most");
  dms_test_import_assert_has (report, "services.a.ports[2]: is no port that can be read");
}

static void
test_extends_in_circles (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *yaml = dms_test_import (
      DMS_IMPORT_AUTO, "services:\n  a: {extends: b, image: a}\n  b: {extends: a}\n", NULL, &report, &error);

  g_assert_no_error (error);
  dms_test_import_assert_has (report, "goes round in a circle");
}

/* Dependencies in a circle are ours to refuse, by our own reader. */
static void
test_depends_in_circles (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *yaml =
      dms_test_import (DMS_IMPORT_AUTO,
                       "services:\n  a: {image: a, depends_on: [b]}\n  b: {image: b, depends_on: [a]}\n",
                       NULL,
                       NULL,
                       &error);

  g_assert_null (yaml);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  dms_test_import_assert_has (error->message, "cyclic dependencies");
}

typedef struct
{
  char *top;
  char *folder;
} Files;

static void
put (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
files_set_up (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *link = NULL;
  g_autofree char *pipe = NULL;

  self->top = g_dir_make_tmp ("dms-import-XXXXXX", &error);
  g_assert_no_error (error);
  self->folder = g_build_filename (self->top, "project", NULL);
  g_assert_cmpint (g_mkdir (self->folder, 0700), ==, 0);
  put (self->top, "outside.env", "STOLEN=treasure\n");
  put (self->folder, "inside.env", "MINE=own\n");
  link = g_build_filename (self->folder, "link.env", NULL);
  g_assert_cmpint (symlink ("../outside.env", link), ==, 0);
  pipe = g_build_filename (self->folder, "pipe.env", NULL);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
}

static void
files_tear_down (Files *self, gconstpointer data)
{
  static const char *const names[] = {
    "project/inside.env", "project/link.env", "project/pipe.env", "project", "outside.env"
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (self->top, names[i], NULL);

      g_remove (path);
    }
  g_assert_cmpint (g_rmdir (self->top), ==, 0);
  g_free (self->top);
  g_free (self->folder);
}

/* A file that is imported must not bring other files of this machine into a job. */
static void
test_paths (Files *self, gconstpointer data)
{
  static const char *const ways[] = {
    "services: {a: {image: a, env_file: %s}}\n",
    "services: {a: {image: a, volumes: [\"%s:/x\"]}}\n",
    "services: {a: {image: a, secrets: [s]}}\nsecrets: {s: {file: %s}}\n",
    "services: {a: {image: a, configs: [c]}}\nconfigs: {c: {file: %s}}\n",
    "services: {a: {image: a, extends: {service: a, file: %s}}}\n",
  };
  g_autofree char *absolute = g_build_filename (self->top, "outside.env", NULL);
  const char *const paths[] = { "../outside.env", "./link.env", absolute, "/etc/passwd", "./pipe.env" };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (paths); j++)
        {
          g_auto (GStrv) halves = g_strsplit (ways[i], "%s", 2);
          g_autofree char *text = g_strconcat (halves[0], paths[j], halves[1], NULL);
          g_autoptr (GError) error = NULL;
          g_autofree char *report = NULL;
          g_autofree char *yaml = dms_test_import (DMS_IMPORT_AUTO, text, self->folder, &report, &error);

          g_assert_no_error (error);
          g_assert_null (strstr (yaml, "treasure"));
          g_assert_null (strstr (yaml, "root:"));
          g_assert_null (strstr (yaml, "${file"));
          g_assert_null (strstr (report, "treasure"));
        }
    }
}

static void
test_file_inside (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *yaml = dms_test_import (
      DMS_IMPORT_AUTO, "services: {a: {image: a, env_file: inside.env}}\n", self->folder, NULL, &error);

  g_assert_no_error (error);
  dms_test_import_assert_has (yaml, "MINE: own");
}

static void
test_placeholders_stay_texts (void)
{
  static const char text[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n"
                             "    - image: a\n      args: [\"${file:/etc/passwd}\", \"$${HOME}\"]\n"
                             "      env: [{name: X, value: \"${PATH}\"}]\n";
  g_autoptr (GError) error = NULL;
  g_autofree char *yaml = dms_test_import (DMS_IMPORT_AUTO, text, NULL, NULL, &error);

  g_assert_no_error (error);
  dms_test_import_assert_has (yaml, "$${file:/etc/passwd}");
  dms_test_import_assert_has (yaml, "\"$${HOME}\"");
  dms_test_import_assert_has (yaml, "$${PATH}");
}

static void
test_shell_injection (void)
{
  static const char text[] =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n"
      "    - image: a\n      livenessProbe: {httpGet: {port: 80, path: \"/';reboot;'\"}}\n";
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *yaml = dms_test_import (DMS_IMPORT_AUTO, text, NULL, &report, &error);

  g_assert_no_error (error);
  g_assert_null (strstr (yaml, "reboot"));
  dms_test_import_assert_has (report, "neither port nor path can be made out");
}

static void
test_units (void)
{
  static const struct
  {
    const char *text;
    double value;
  } good[] = {
    { "250m", 0.25 }, { "1", 1 },           { "1.5", 1.5 },
    { "1k", 1000 },   { "64Mi", 67108864 }, { "1G", 1e9 },
    { "1e3", 1000 },  { "1E3", 1000 },      { "128974848000m", 128974848 },
  };
  static const char *const bad[] = { "", "m", "1x", "1Mib", "--1", "1.2.3", "1e999", "1e", "0x10" };
  guint64 bytes;
  double value;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_assert_true (dms_import_text_parse_quantity (good[i].text, &value));
      g_assert_cmpfloat_with_epsilon (value, good[i].value, good[i].value * 1e-9);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (dms_import_text_parse_quantity (bad[i], &value));
  g_assert_true (dms_import_text_parse_docker_bytes ("512m", &bytes));
  g_assert_cmpuint (bytes, ==, 512 << 20);
  g_assert_true (dms_import_text_parse_docker_bytes ("1.5gb", &bytes));
  g_assert_cmpuint (bytes, ==, 3 << 29);
  g_assert_true (dms_import_text_parse_docker_bytes ("2GiB", &bytes));
  g_assert_cmpuint (bytes, ==, G_GUINT64_CONSTANT (2) << 30);
  g_assert_true (dms_import_text_parse_docker_bytes ("100b", &bytes));
  g_assert_cmpuint (bytes, ==, 100);
  g_assert_false (dms_import_text_parse_docker_bytes ("0", &bytes));
  g_assert_false (dms_import_text_parse_docker_bytes ("1x", &bytes));
  g_assert_false (dms_import_text_parse_docker_bytes ("99999999999t", &bytes));
}

static void
test_regions (void)
{
  const char *continent;
  const char *country;

  g_assert_true (dms_import_text_find_region ("eu-central-1a", &continent, &country));
  g_assert_cmpstr (country, ==, "DE");
  g_assert_true (dms_import_text_find_region ("europe-west12", &continent, &country));
  g_assert_cmpstr (continent, ==, "EU");
  g_assert_null (country);
  g_assert_true (dms_import_text_find_region ("ap-southeast-2", &continent, &country));
  g_assert_cmpstr (continent, ==, "OC");
  g_assert_false (dms_import_text_find_region ("dc1", &continent, &country));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/importers/hostile/nested-aliases", test_nested_aliases);
  g_test_add_func ("/importers/hostile/too-deep", test_too_deep);
  g_test_add_func ("/importers/hostile/counts", test_counts);
  g_test_add_func ("/importers/hostile/doubling-variables", test_doubling_variables);
  g_test_add_func ("/importers/hostile/open-variables", test_open_variables);
  g_test_add_func ("/importers/hostile/repeated-texts", test_repeated_texts);
  g_test_add_func ("/importers/hostile/many-datacenters", test_many_datacenters);
  g_test_add_func ("/importers/hostile/many-mounts", test_many_mounts);
  g_test_add_func ("/importers/hostile/many-fixed-ports", test_many_fixed_ports);
  g_test_add_func ("/importers/hostile/many-members-of-copies", test_many_members_of_copies);
  g_test_add_func ("/importers/hostile/many-services", test_many_services);
  g_test_add_func ("/importers/hostile/many-ports", test_many_ports);
  g_test_add_func ("/importers/hostile/extends-in-circles", test_extends_in_circles);
  g_test_add_func ("/importers/hostile/depends-in-circles", test_depends_in_circles);
  g_test_add ("/importers/hostile/paths", Files, NULL, files_set_up, test_paths, files_tear_down);
  g_test_add ("/importers/hostile/file-inside", Files, NULL, files_set_up, test_file_inside, files_tear_down);
  g_test_add_func ("/importers/hostile/placeholders-stay-texts", test_placeholders_stay_texts);
  g_test_add_func ("/importers/hostile/shell-injection", test_shell_injection);
  g_test_add_func ("/importers/texts/units", test_units);
  g_test_add_func ("/importers/texts/regions", test_regions);
  return g_test_run ();
}
