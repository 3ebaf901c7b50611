/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The files in tests/data/import become what stands beside them in `expected`: a job file, and a report.
 * DMS_UPDATE_EXPECTED=1 writes what they become now, to be looked at and committed. */

#include "dms-import-fixture.h"
#include "jobs/dms-job-parser.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  const char *path;
  DmsImportFormat format;
  /* Words that must not be in the report. */
  const char *secrets[6];
  /* (nullable): one of them that the job file has */
  const char *kept;
} Sample;

static const Sample samples[] = {
  { "compose/shop/compose.yaml",
    DMS_IMPORT_COMPOSE,
    { "battery", "k3y-of", "orders", "pay.example", NULL },
    "orders" },
  { "compose/gpu.yaml", DMS_IMPORT_COMPOSE, { NULL }, NULL },
  { "compose/batch.yaml", DMS_IMPORT_COMPOSE, { "Hello", "Imported from", NULL }, "Imported from" },
  { "compose/monitoring.yaml", DMS_IMPORT_COMPOSE, { "scrape_configs", NULL }, "scrape_configs" },
  { "kubernetes/web.yaml", DMS_IMPORT_KUBERNETES, { "hunter2", "aHVudGVyMg", "t0ken", NULL }, "hunter2" },
  { "kubernetes/database.yaml", DMS_IMPORT_KUBERNETES, { "s3cret", NULL }, "s3cret" },
  { "kubernetes/training.json", DMS_IMPORT_KUBERNETES, { NULL }, NULL },
  { "kubernetes/pod.yaml", DMS_IMPORT_KUBERNETES, { "Hello from", NULL }, "Hello from" },
  { "nomad/web.json", DMS_IMPORT_NOMAD, { "listen 80", "Data.token", NULL }, "listen 80" },
  { "nomad/batch.hcl.json", DMS_IMPORT_NOMAD, { "A note", "counting", NULL }, "counting" },
};

static char *
replace (const char *text, const char *what, const char *by)
{
  g_auto (GStrv) parts = g_strsplit (text, what, -1);

  return g_strjoinv (by, parts);
}

static void
compare (const char *root, const char *path, const char *suffix, const char *text)
{
  g_autofree char *flat = replace (path, "/", "-");
  g_autofree char *name = g_strconcat (flat, suffix, NULL);
  g_autofree char *file = g_build_filename (root, "expected", name, NULL);
  g_autofree char *prefix = g_strconcat (root, "/", NULL);
  g_autofree char *got = replace (text, prefix, "");
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;

  if (g_getenv ("DMS_UPDATE_EXPECTED") != NULL)
    {
      g_file_set_contents (file, got, -1, &error);
      g_assert_no_error (error);
    }
  g_file_get_contents (file, &expected, NULL, &error);
  g_assert_no_error (error);
  if (strcmp (expected, got) != 0)
    {
      g_test_message ("%s is not as expected:\n%s", name, got);
      g_test_fail ();
    }
}

static void
test_sample (gconstpointer data)
{
  const Sample *sample = data;
  g_autofree char *root = g_build_filename (g_getenv ("DMS_TEST_DATA"), "import", NULL);
  g_autofree char *path = g_build_filename (root, sample->path, NULL);
  g_autoptr (DmsImporter) importer = dms_importer_new (DMS_IMPORT_AUTO);
  g_autoptr (GError) error = NULL;
  g_autofree char *yaml = NULL;
  g_autofree char *report = NULL;
  g_autofree char *full = NULL;
  g_autoptr (JsonNode) json = NULL;
  g_autofree char *json_text = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsEnsemble) ensemble = NULL;

  dms_importer_add_file (importer, path, &error);
  g_assert_no_error (error);
  yaml = dms_importer_translate (importer, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dms_importer_get_format (importer), ==, sample->format);
  /* Our own reader takes it, and without a word. */
  bytes = g_bytes_new (yaml, strlen (yaml));
  ensemble = dms_job_parser_load_data ("translation", NULL, bytes, &error);
  g_assert_no_error (error);
  g_assert_null (dms_ensemble_get_warnings (ensemble));
  compare (root, sample->path, ".ensemble", yaml);
  report = dms_import_report_to_text (dms_importer_get_report (importer), DMS_IMPORT_TRANSLATED);
  compare (root, sample->path, ".report.txt", report);
  json = dms_import_report_to_json (dms_importer_get_report (importer));
  json_text = json_to_string (json, FALSE);
  full = g_strconcat (report, json_text, NULL);
  for (guint i = 0; sample->secrets[i] != NULL; i++)
    g_assert_null (strstr (full, sample->secrets[i]));
  /* So that a change of the sample does not make this pass for nothing. */
  if (sample->kept != NULL)
    g_assert_nonnull (strstr (yaml, sample->kept));
}

static void
test_variables (void)
{
  static const char text[] =
      "services:\n"
      "  a:\n"
      "    image: \"i:${TEST_TAG}\"\n"
      "    command: [\"$$HOME\", \"$${X}\", \"${UNSET-a}\", \"${EMPTY:-b}\", \"${EMPTY-c}\",\n"
      "              \"${TEST_TAG:+d}\", \"${UNSET:-${TEST_TAG}}\", \"$TEST_TAG.\"]\n";
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *yaml = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsEnsemble) ensemble = NULL;
  JsonArray *words;
  static const char *const expected[] = { "$HOME", "${X}", "a", "b", "", "d", "v9", "v9." };

  g_setenv ("TEST_TAG", "v9", TRUE);
  g_setenv ("EMPTY", "", TRUE);
  yaml = dms_test_import (DMS_IMPORT_AUTO, text, NULL, &report, &error);
  g_assert_no_error (error);
  bytes = g_bytes_new (yaml, strlen (yaml));
  ensemble = dms_job_parser_load_data ("translation", NULL, bytes, &error);
  g_assert_no_error (error);
  words = json_object_get_array_member (
      dms_allocation_config_get_params (dms_ensemble_find_allocation (ensemble, "a")), "cmd");
  g_assert_cmpuint (json_array_get_length (words), ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpstr (json_array_get_string_element (words, i), ==, expected[i]);
  dms_test_import_assert_has (report, "TEST_TAG is set in the environment");
  g_assert_null (strstr (report, "v9"));
}

static void
test_required_variable (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *yaml = dms_test_import (
      DMS_IMPORT_AUTO, "services:\n  a:\n    image: \"${NOT_SET:?name the image}\"\n", NULL, NULL, &error);

  g_assert_null (yaml);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  dms_test_import_assert_has (
      error->message, "file.yaml:3: services.a.image: the variable NOT_SET must be set: name the image");
}

static void
test_profiles (void)
{
  static const char text[] = "services:\n"
                             "  a: {image: a}\n"
                             "  b: {image: b, profiles: [tools]}\n"
                             "  c: {image: c, depends_on: [b]}\n";
  static const char *const wanted[] = { "tools", NULL };
  g_autoptr (DmsImporter) importer = dms_importer_new (DMS_IMPORT_COMPOSE);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *without = dms_test_import (DMS_IMPORT_COMPOSE, text, NULL, &report, &error);
  g_autofree char *with = NULL;

  g_assert_no_error (error);
  g_assert_null (strstr (without, "image: b"));
  dms_test_import_assert_has (report, "services.c.depends_on.b: there is no such service here");
  dms_importer_set_profiles (importer, wanted);
  dms_importer_add_data (importer, "file.yaml", NULL, bytes, &error);
  g_assert_no_error (error);
  with = dms_importer_translate (importer, &error);
  g_assert_no_error (error);
  dms_test_import_assert_has (with, "image: b");
  dms_test_import_assert_has (with, "depends_on: [b]");
}

static void
test_unknown_is_told (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *yaml = dms_test_import (
      DMS_IMPORT_AUTO, "services:\n  a:\n    image: a\n    teleport: true\n", NULL, &report, &error);

  g_assert_no_error (error);
  dms_test_import_assert_has (report,
                              "file.yaml:4: impossible: services.a.teleport: is not known to this importer");
}

static void
test_native_hcl (void)
{
  g_autofree char *path =
      g_build_filename (g_getenv ("DMS_TEST_DATA"), "import", "nomad", "native.nomad", NULL);
  g_autoptr (DmsImporter) importer = dms_importer_new (DMS_IMPORT_AUTO);
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_importer_add_file (importer, path, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED);
  dms_test_import_assert_has (error->message, "nomad job run -output");
}

static void
test_format_is_held (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *yaml =
      dms_test_import (DMS_IMPORT_KUBERNETES, "services: {a: {image: a}}\n", NULL, NULL, &error);

  g_assert_null (yaml);
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  dms_test_import_assert_has (error->message, "does not look like kubernetes");
  g_clear_error (&error);
  g_assert_null (dms_test_import (DMS_IMPORT_AUTO, "hello: world\n", NULL, NULL, &error));
  dms_test_import_assert_has (error->message, "neither a Compose file");
}

static DmsTaskFlow *
flow_of (DmsEnsemble *ensemble, const char *name)
{
  DmsAllocationConfig *config = dms_ensemble_find_allocation (ensemble, name);

  g_assert_nonnull (config);
  return dms_allocation_config_get_flow (config);
}

static DmsEnsemble *
load (const char *yaml)
{
  g_autoptr (GBytes) bytes = g_bytes_new (yaml, strlen (yaml));
  g_autoptr (GError) error = NULL;
  DmsEnsemble *ensemble = dms_job_parser_load_data ("translation", NULL, bytes, &error);

  g_assert_no_error (error);
  return ensemble;
}

/* Tasks wait for tasks by the workflow, however many and in whatever order; what goes on cannot, nor can what
 * something else starts after. */
static void
test_waiting_for_an_end (void)
{
  static const char text[] =
      "services:\n"
      "  last: {image: i, restart: \"no\", depends_on: {mid: {condition: service_completed_successfully}}}\n"
      "  mid:\n"
      "    image: i\n"
      "    restart: \"on-failure:4\"\n"
      "    depends_on:\n"
      "      first: {condition: service_completed_successfully}\n"
      "      db: {condition: service_healthy}\n"
      "  first: {image: i, deploy: {replicas: 2}}\n"
      "  db: {image: i}\n"
      "  web: {image: i, depends_on: {migrate: {condition: service_completed_successfully}}}\n"
      "  after: {image: i, restart: \"no\", depends_on: {migrate: {condition: "
      "service_completed_successfully}}}\n"
      "  migrate: {image: i}\n"
      "  c: {image: i, restart: \"no\", depends_on: {b: {condition: service_completed_successfully}}}\n"
      "  b: {image: i}\n"
      "  d: {image: i, depends_on: [b]}\n";
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *yaml = dms_test_import (DMS_IMPORT_COMPOSE, text, NULL, &report, &error);
  g_autoptr (DmsEnsemble) ensemble = NULL;
  DmsTaskFlow *mid;
  DmsAllocationConfig *config;

  g_assert_no_error (error);
  ensemble = load (yaml);
  mid = flow_of (ensemble, "mid");
  g_assert_nonnull (dms_task_flow_find_dependency (flow_of (ensemble, "last"), "mid"));
  g_assert_nonnull (dms_task_flow_find_dependency (mid, "first-1"));
  g_assert_nonnull (dms_task_flow_find_dependency (mid, "first-2"));
  g_assert_cmpuint (mid->max_retries, ==, 4);
  g_assert_nonnull (flow_of (ensemble, "first-2"));
  config = dms_ensemble_find_allocation (ensemble, "mid");
  g_assert_cmpstr (dms_allocation_config_get_depends_on (config)[0], ==, "db");
  dms_test_import_assert_has (report, "translated: services.mid.depends_on.first: by the workflow");
  for (const char *const *name = (const char *const[]){ "web", "after", "migrate", "b", "c", "d", NULL };
       *name != NULL;
       name++)
    g_assert_null (flow_of (ensemble, *name));
  dms_test_import_assert_has (report,
                              "approximated: services.web.depends_on.migrate: its start is waited for");
  dms_test_import_assert_has (report,
                              "approximated: services.after.depends_on.migrate: its start is waited for");
  dms_test_import_assert_has (report, "approximated: services.c.depends_on.b: its start is waited for");
}

static void
test_nomad_prestart (void)
{
  static const char text[] = "{\"job\": {\"j\": {\"type\": \"batch\", \"group\": {\"g\": {\"task\": {"
                             "\"main\": {\"driver\": \"docker\", \"config\": {\"image\": \"i\"}},"
                             "\"side\": {\"driver\": \"docker\", \"config\": {\"image\": \"i\"},"
                             " \"lifecycle\": {\"hook\": \"prestart\", \"sidecar\": true}},"
                             "\"fetch\": {\"driver\": \"docker\", \"config\": {\"image\": \"i\"}, "
                             "\"lifecycle\": {\"hook\": \"prestart\"}}"
                             "}}}}}}";
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *yaml = dms_test_import (DMS_IMPORT_NOMAD, text, NULL, &report, &error);
  g_autoptr (DmsEnsemble) ensemble = NULL;

  g_assert_no_error (error);
  ensemble = load (yaml);
  g_assert_nonnull (dms_task_flow_find_dependency (flow_of (ensemble, "g-main"), "g-fetch"));
  g_assert_nonnull (flow_of (ensemble, "g-fetch"));
  dms_test_import_assert_has (report, "task.fetch: by the workflow, until it has succeeded");
}

static void
test_kubernetes_job (void)
{
  static const char text[] =
      "apiVersion: batch/v1\n"
      "kind: Job\n"
      "metadata: {name: j}\n"
      "spec:\n"
      "  completions: 5\n"
      "  parallelism: 2\n"
      "  completionMode: Indexed\n"
      "  activeDeadlineSeconds: 90\n"
      "  template: {spec: {restartPolicy: Never, containers: [{name: c, image: i, command: [x]}]}}\n"
      "---\n"
      "apiVersion: batch/v1\n"
      "kind: Job\n"
      "metadata: {name: k}\n"
      "spec:\n"
      "  backoffLimit: 0\n"
      "  template:\n"
      "    spec:\n"
      "      restartPolicy: Never\n"
      "      initContainers: [{name: a, image: i, command: [x]}, {name: b, image: i, command: [x]}]\n"
      "      containers: [{name: c, image: i, command: [x]}, {name: d, image: i, command: [x]}]\n";
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *yaml = dms_test_import (DMS_IMPORT_KUBERNETES, text, NULL, &report, &error);
  g_autoptr (DmsEnsemble) ensemble = NULL;
  DmsTaskFlow *flow;

  g_assert_no_error (error);
  ensemble = load (yaml);
  flow = flow_of (ensemble, "j");
  g_assert_cmpuint (g_strv_length (flow->items), ==, 5);
  g_assert_cmpuint (flow->max_retries, ==, 6);
  g_assert_cmpint (flow->timeout_us, ==, 90 * G_USEC_PER_SEC);
  g_assert_nonnull (dms_ensemble_find_node (ensemble, "j-2"));
  dms_test_import_assert_has (report, "completionMode: DMS_INDEX says which run it is");
  g_assert_nonnull (dms_task_flow_find_dependency (flow_of (ensemble, "k-b"), "k-a"));
  for (const char *const *name = (const char *const[]){ "k-c", "k-d", NULL }; *name != NULL; name++)
    {
      flow = flow_of (ensemble, *name);
      g_assert_nonnull (dms_task_flow_find_dependency (flow, "k-b"));
      g_assert_cmpuint (flow->max_retries, ==, 0);
    }
}

static char *
translate (DmsImportFormat format, const char *text, char **report)
{
  g_autoptr (GError) error = NULL;
  char *yaml = dms_test_import (format, text, NULL, report, &error);

  g_assert_no_error (error);
  return yaml;
}

/* What only the machine itself could reach is not opened to everybody. */
static void
test_closed_ports (void)
{
  static const char compose[] =
      "services:\n  a:\n    image: i\n    ports: [\"127.0.0.1:5432:5432\", \"[::1]:5433:5433\", "
      "\"192.0.2.1:80:8080\",\n"
      "            {target: 5434, published: 5434, host_ip: localhost}, \"6000:6000\"]\n";
  static const char pod[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"
                            "  - {name: c, image: i, ports: [{containerPort: 5432, hostPort: 5432, hostIP: "
                            "127.0.0.1}, {containerPort: 6000, hostPort: 6000}]}\n";
  static const char nomad[] =
      "{\"job\": {\"j\": {\"group\": {\"g\": {\"network\": {\"port\": {\"db\": {\"static\": 5432, "
      "\"host_network\": \"private\"}, \"web\": {\"static\": 6000}}}, \"task\": {\"t\": {\"driver\": "
      "\"docker\","
      " \"config\": {\"image\": \"i\", \"ports\": [\"db\", \"web\"]}}}}}}}}";
  const struct
  {
    DmsImportFormat format;
    const char *text;
    const char *path;
  } cases[] = {
    { DMS_IMPORT_COMPOSE, compose, "impossible: services.a.ports[0]: left out" },
    { DMS_IMPORT_KUBERNETES, pod, "impossible: Pod/p.spec.containers[0].ports[0]: left out" },
    { DMS_IMPORT_NOMAD, nomad, "network[0].port.db.host_network: left out" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *report = NULL;
      g_autofree char *yaml = translate (cases[i].format, cases[i].text, &report);

      dms_test_import_assert_has (yaml, "public: 6000");
      g_assert_null (strstr (yaml, "543"));
      dms_test_import_assert_has (report, cases[i].path);
      if (i == 0)
        dms_test_import_assert_has (report,
                                    "ports[2]: a port of a node is open at all addresses of the "
                                    "machine, not at one of them; ports below 1025");
    }
}

/* A user without his group would be in that of root. */
static void
test_users_and_groups (void)
{
  static const char text[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
                             "  securityContext: {runAsUser: 1000, runAsGroup: 3000}\n"
                             "  containers:\n"
                             "  - {name: a, image: i, securityContext: {runAsUser: 1001}}\n"
                             "  - {name: b, image: i, securityContext: {runAsGroup: 3001}}\n"
                             "  - {name: c, image: i}\n"
                             "---\n"
                             "apiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec:\n"
                             "  containers: [{name: d, image: i, securityContext: {runAsGroup: 3001}}]\n";
  static const char *const users[] = { "user: \"1001:3000\"", "user: \"1000:3001\"", "user: \"1000:3000\"" };
  g_autofree char *report = NULL;
  g_autofree char *yaml = translate (DMS_IMPORT_KUBERNETES, text, &report);

  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    dms_test_import_assert_has (yaml, users[i]);
  dms_test_import_assert_has (
      report, "impossible: Pod/q.spec.containers[0].securityContext: runAsGroup without runAsUser");
}

static char *
make_namespaced (const char *name_space, const char *more)
{
  return g_strdup_printf (
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p%s, labels: {app: p}}\nspec: {containers: [{name: c, "
      "image: i, "
      "envFrom: [{secretRef: {name: s}}]}]}\n---\n"
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: a}\nstringData: {P: of-a}\n%s",
      name_space,
      more);
}

/* A name is one of its namespace: nobody gets the secret of another. */
static void
test_namespaces (void)
{
  static const char other[] =
      "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: b}\nstringData: {P: of-b}\n"
      "---\napiVersion: v1\nkind: Service\nmetadata: {name: v, namespace: b}\n"
      "spec: {selector: {app: p}, ports: [{port: 6000}]}\n";
  static const struct
  {
    const char *name_space;
    const char *more;
    /* (nullable) */
    const char *value;
  } cases[] = {
    { ", namespace: a", other, "P: of-a" },
    { ", namespace: b", other, "P: of-b" },
    { ", namespace: c", other, NULL },
    { "", other, NULL },
    { "", "", "P: of-a" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = make_namespaced (cases[i].name_space, cases[i].more);
      g_autofree char *report = NULL;
      g_autofree char *yaml = translate (DMS_IMPORT_KUBERNETES, text, &report);

      if (cases[i].value != NULL)
        dms_test_import_assert_has (yaml, cases[i].value);
      else
        dms_test_import_assert_has (report, "secretRef.name: it is not among the imported files");
      g_assert_cmpint (cases[i].value != NULL, ==, strstr (yaml, "P: of-") != NULL);
      g_assert_cmpint (i == 1 || i == 3, ==, strstr (yaml, "6000") != NULL);
    }
}

/* Whatever port it becomes, it is open. */
static void
test_service_ports (void)
{
  static const char text[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: p}}\n"
                             "spec: {containers: [{name: c, image: i}]}\n"
                             "---\napiVersion: v1\nkind: Service\nmetadata: {name: v}\n"
                             "spec: {selector: {app: p}, ports: [{port: 80}, {port: 6000}, "
                             "{port: 53, protocol: UDP}]}\n";
  g_autofree char *report = NULL;
  g_autofree char *yaml = translate (DMS_IMPORT_KUBERNETES, text, &report);

  dms_test_import_assert_has (yaml, "public: 6000");
  dms_test_import_assert_has (
      report, "ports[0]: ports below 1025 become any free port of the pod's machine, open to whoever");
  dms_test_import_assert_has (report, "ports[1]: a port of the pod's machine, open to whoever");
  dms_test_import_assert_has (report, "impossible: Service/v.spec.ports[2]: ports of nodes are TCP");
}

static void
test_restart_words (void)
{
  g_autofree char *report = NULL;
  g_autofree char *yaml =
      translate (DMS_IMPORT_COMPOSE, "services: {a: {image: i, restart: sometimes}}\n", &report);

  g_assert_null (strstr (yaml, "failure_recovery"));
  dms_test_import_assert_has (report, "impossible: services.a.restart: must be no, always");
}

static void
test_slips_of_units (void)
{
  static const char text[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"
                             "  - {name: a, image: i, resources: {limits: {cpu: 500m, memory: 512m}}}\n";
  g_autofree char *report = NULL;
  g_autofree char *yaml = translate (DMS_IMPORT_KUBERNETES, text, &report);

  dms_test_import_assert_has (yaml, "cores: 0.5");
  dms_test_import_assert_has (yaml, "size: 512MiB");
  dms_test_import_assert_has (report, "limits.memory: is less than 1 KiB and was left out");
}

/* Options beside `ro` do not make a mount writable. */
static void
test_read_only_binds (void)
{
  static const char text[] =
      "{\"job\": {\"j\": {\"group\": {\"g\": {\"task\": {\"t\": {\"driver\": \"docker\", \"config\": "
      "{\"image\": \"i\", \"volumes\": [\"/srv/data:/data:ro,Z\"]}}}}}}}}";
  g_autofree char *report = NULL;
  g_autofree char *yaml = translate (DMS_IMPORT_NOMAD, text, &report);

  dms_test_import_assert_has (yaml, "read_only: true");
  dms_test_import_assert_has (report, "only its own owner may mount it");
}

static void
test_dollars_of_files (void)
{
  static const struct
  {
    const char *content;
    gboolean literal;
  } cases[] = {
    { "HOST=h\nURL=http://${HOST}/\n", TRUE },
    { "PRICE='$5'\n", FALSE },
  };
  g_autofree char *folder = g_dir_make_tmp ("dms-import-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "app.env", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *report = NULL;
      g_autofree char *yaml = NULL;

      g_assert_true (g_file_set_contents (file, cases[i].content, -1, NULL));
      yaml = dms_test_import (
          DMS_IMPORT_COMPOSE, "services: {a: {image: i, env_file: app.env}}\n", folder, &report, &error);
      g_assert_no_error (error);
      dms_test_import_assert_has (report,
                                  cases[i].literal ? "approximated: services.a.env_file: its 2 variables"
                                                   : "translated: services.a.env_file: its 1 variables");
    }
  g_unlink (file);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("APP_TAG");
  g_unsetenv ("LOG_LEVEL");
  g_unsetenv ("GREETING");
  g_unsetenv ("SMTP_PASSWORD");
  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autofree char *name = g_strconcat ("/importers/samples/", samples[i].path, NULL);

      g_test_add_data_func (name, &samples[i], test_sample);
    }
  g_test_add_func ("/importers/variables", test_variables);
  g_test_add_func ("/importers/required-variable", test_required_variable);
  g_test_add_func ("/importers/profiles", test_profiles);
  g_test_add_func ("/importers/unknown-is-told", test_unknown_is_told);
  g_test_add_func ("/importers/native-hcl", test_native_hcl);
  g_test_add_func ("/importers/waiting-for-an-end", test_waiting_for_an_end);
  g_test_add_func ("/importers/nomad-prestart", test_nomad_prestart);
  g_test_add_func ("/importers/kubernetes-job", test_kubernetes_job);
  g_test_add_func ("/importers/closed-ports", test_closed_ports);
  g_test_add_func ("/importers/users-and-groups", test_users_and_groups);
  g_test_add_func ("/importers/namespaces", test_namespaces);
  g_test_add_func ("/importers/service-ports", test_service_ports);
  g_test_add_func ("/importers/restart-words", test_restart_words);
  g_test_add_func ("/importers/slips-of-units", test_slips_of_units);
  g_test_add_func ("/importers/read-only-binds", test_read_only_binds);
  g_test_add_func ("/importers/dollars-of-files", test_dollars_of_files);
  g_test_add_func ("/importers/format-is-held", test_format_is_held);
  return g_test_run ();
}
