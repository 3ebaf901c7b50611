/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-ensemble-diff.h"
#include "jobs/dms-ensemble-graph.h"
#include "jobs/dms-job-parser.h"
#include "jobs/dms-job-yaml.h"

#include <string.h>

static DmsEnsemble *
load (const char *text)
{
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  DmsEnsemble *ensemble = dms_job_parser_load_data ("job.yaml", NULL, data, &error);

  g_assert_no_error (error);
  return ensemble;
}

/* A chain of so many allocations, of which each waits for the one before it. */
static char *
make_chain (guint n, const char *ram)
{
  GString *text = g_string_new ("version: V1\nallocations:\n");

  for (guint i = 0; i < n; i++)
    {
      g_string_append_printf (
          text,
          "  a%u:\n    executor: \"null\"\n    type: task\n    execution: {type: \"null\"}\n"
          "    resources: {cpu: {cores: 1}, ram: {size: %s}, disk: {size: 1}}\n",
          i,
          ram);
      if (i > 0)
        g_string_append_printf (text, "    depends_on: [a%u]\n", i - 1);
    }
  g_string_append (text, "nodes:\n  n:\n    allocations: [");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%sa%u", i > 0 ? ", " : "", i);
  g_string_append (text, "]\n");
  return g_string_free (text, FALSE);
}

/* What a hostile file could make slow, or deep. */
static void
test_long_chain (void)
{
  g_autofree char *text = make_chain (3000, "1");
  g_autofree char *larger = make_chain (3000, "2");
  g_autoptr (DmsEnsemble) ensemble = load (text);
  g_autoptr (DmsEnsemble) other = load (larger);
  g_autofree char *dot = dms_ensemble_graph_to_dot (ensemble);
  g_autofree char *svg = dms_ensemble_graph_to_svg (ensemble);
  g_autoptr (GPtrArray) changes = dms_ensemble_diff (ensemble, other);

  g_assert_nonnull (strstr (dot, "\"a2998\" -> \"a2999\";"));
  g_assert_nonnull (strstr (svg, "</svg>"));
  g_assert_cmpuint (changes->len, ==, 3000);
}

static void
test_escapes (void)
{
  static const char text[] =
      "version: V1\nallocations:\n  a:\n    executor: other\n    type: task\n"
      "    execution: {type: other, image: \"<script>\\\"\\\\ & \\n]\"}\n"
      "    resources: {cpu: {cores: 1}, ram: {size: 1}, disk: {size: 1}}\nnodes: {n: {allocations: [a]}}\n";
  g_autoptr (DmsEnsemble) ensemble = load (text);
  g_autofree char *dot = dms_ensemble_graph_to_dot (ensemble);
  g_autofree char *svg = dms_ensemble_graph_to_svg (ensemble);

  g_assert_nonnull (strstr (dot, "<script>\\\"\\\\ & \\n]"));
  g_assert_null (strstr (svg, "<script>"));
  g_assert_nonnull (strstr (svg, "&lt;script&gt;"));
}

/* The order in which things are written makes no difference. */
static void
test_same_in_another_order (void)
{
  static const char one[] = "version: V1\nmetadata: {a: \"1\", b: \"2\"}\nallocations:\n"
                            "  a: {executor: x, type: task, execution: {type: x, environment: [A=1, B=2]}, "
                            "resources: {cpu: {cores: 1}, "
                            "ram: {size: 1GiB}, disk: {size: 1}}}\n"
                            "  b: {executor: x, type: task, execution: {type: x}, resources: {cpu: {cores: "
                            "1}, ram: {size: 1}, disk: "
                            "{size: 1}}}\nnodes: {n: {allocations: [a]}, m: {allocations: [b]}}\n"
                            "edge_constraints: [{edges: [n, m], rtt: 5}]\n";
  static const char other[] =
      "version: V1\nmetadata: {b: \"2\", a: \"1\"}\nallocations:\n"
      "  b: {executor: x, type: task, execution: {type: x}, resources: {cpu: {cores: 1}, ram: {size: 1}, "
      "disk: "
      "{size: 1}}}\n"
      "  a: {executor: x, type: task, execution: {type: x, environment: {B: 2, A: 1}}, resources: {cpu: "
      "{cores: 1}, "
      "ram: {size: 1024MiB}, disk: {size: 1}}}\nnodes: {m: {allocations: [b]}, n: {allocations: [a]}}\n"
      "edge_constraints: [{edges: [m, n], rtt: 5}]\n";
  g_autoptr (DmsEnsemble) before = load (one);
  g_autoptr (DmsEnsemble) after = load (other);
  g_autoptr (GPtrArray) changes = dms_ensemble_diff (before, after);

  g_assert_cmpuint (changes->len, ==, 0);
}

static void
test_documents (void)
{
  static const char text[] = "a: &x [1, 2]\nb: *x\n---\n---\nc: *x\n";
  static const char good[] = "---\na: 1\n...\n---\nb: 2\n---\n";
  g_autoptr (GBytes) data = g_bytes_new_static (text, strlen (text));
  g_autoptr (GBytes) good_data = g_bytes_new_static (good, strlen (good));
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) documents = dms_job_yaml_load_all ("many", good_data, &error);
  g_autoptr (GPtrArray) none = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (documents->len, ==, 3);
  g_assert_cmpuint (dms_job_node_get_line (dms_job_node_get (documents->pdata[1], "b")), ==, 5);
  g_assert_cmpint (dms_job_node_get_kind (documents->pdata[2]), ==, DMS_JOB_NODE_NULL);
  none = dms_job_yaml_load_all ("none", nothing, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  /* An anchor is known in its own document only. */
  g_assert_null (dms_job_yaml_load_all ("many", data, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "many:5:4: alias *x"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/jobs/pictures/long-chain", test_long_chain);
  g_test_add_func ("/jobs/pictures/escapes", test_escapes);
  g_test_add_func ("/jobs/diff/same-in-another-order", test_same_in_another_order);
  g_test_add_func ("/jobs/yaml/documents", test_documents);
  return g_test_run ();
}
