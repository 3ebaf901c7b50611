/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-template-benchmark.h"

enum
{
  TEMPLATE_BLOCK_BYTES = 1024 * 1024,
  TEMPLATE_DEFAULT_MS = 250,
  TEMPLATE_MAX_MS = 10 * 1000,
  TEMPLATE_SAMPLES = 5,
};

/* How fast one core digests memory with SHA-256. It measures in a thread, so the daemon goes on meanwhile. */
struct _DmsTemplateBenchmark
{
  GObject parent_instance;
};

typedef struct
{
  DmsProgressCallback callback;
  gpointer data;
  double fraction;
} TemplateReport;

typedef struct
{
  guint budget_ms;
  GMainContext *context;
  DmsProgressCallback progress;
  gpointer progress_data;
  GDestroyNotify progress_destroy;
} TemplateRun;

static void dms_template_benchmark_iface_init (DmsBenchmarkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DmsTemplateBenchmark,
                               dms_template_benchmark,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DMS_TYPE_BENCHMARK, dms_template_benchmark_iface_init))

static void
dms_template_benchmark_class_init (DmsTemplateBenchmarkClass *klass)
{
}

static void
dms_template_benchmark_init (DmsTemplateBenchmark *self)
{
}

static const char *
dms_template_benchmark_get_id (DmsBenchmark *benchmark)
{
  return "sha256";
}

static const char *
dms_template_benchmark_get_unit (DmsBenchmark *benchmark)
{
  return "MB/s";
}

static guint
dms_template_benchmark_get_method_version (DmsBenchmark *benchmark)
{
  return 1;
}

static guint
dms_template_benchmark_get_estimated_ms (DmsBenchmark *benchmark)
{
  return TEMPLATE_DEFAULT_MS;
}

static void
template_run_free (gpointer data)
{
  TemplateRun *run = data;

  if (run->progress_destroy != NULL)
    run->progress_destroy (run->progress_data);
  g_main_context_unref (run->context);
  g_free (run);
}

static gboolean
template_on_report (gpointer data)
{
  TemplateReport *report = data;

  report->callback ("Measuring", report->fraction, report->data);
  return G_SOURCE_REMOVE;
}

/* Progress is told in the main context that started the run. */
static void
template_report (TemplateRun *run, double fraction)
{
  TemplateReport *report = NULL;

  if (run->progress == NULL)
    return;
  report = g_new0 (TemplateReport, 1);
  report->callback = run->progress;
  report->data = run->progress_data;
  report->fraction = fraction;
  g_main_context_invoke_full (run->context, G_PRIORITY_DEFAULT, template_on_report, report, g_free);
}

/* One sample: megabytes a second, measured for about that long. */
static double
template_measure (const guchar *block, gint64 for_us)
{
  gint64 begin = g_get_monotonic_time ();
  gint64 now = begin;
  guint64 bytes = 0;

  while (now - begin < for_us)
    {
      g_autofree char *digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, block, TEMPLATE_BLOCK_BYTES);

      bytes += TEMPLATE_BLOCK_BYTES;
      now = g_get_monotonic_time ();
    }
  return (double) bytes / (double) (now - begin);
}

static gint
template_compare (gconstpointer a, gconstpointer b)
{
  double left = *(const double *) a;
  double right = *(const double *) b;

  return (left > right) - (left < right);
}

static void
template_run_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  TemplateRun *run = data;
  g_autofree guchar *block = g_malloc0 (TEMPLATE_BLOCK_BYTES);
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) sorted = NULL;
  gint64 share_us = (gint64) run->budget_ms * 1000 / TEMPLATE_SAMPLES;
  double spread = 0;

  for (guint i = 0; i < TEMPLATE_SAMPLES; i++)
    {
      double sample = 0;

      if (g_task_return_error_if_cancelled (task))
        return;
      sample = template_measure (block, share_us);
      g_array_append_val (samples, sample);
      template_report (run, (double) (i + 1) / TEMPLATE_SAMPLES);
    }
  sorted = g_array_copy (samples);
  g_array_sort (sorted, template_compare);
  spread = g_array_index (sorted, double, TEMPLATE_SAMPLES - 1) - g_array_index (sorted, double, 0);
  g_task_return_pointer (
      task,
      dms_benchmark_result_new (
          "sha256", "MB/s", 1, samples, g_array_index (sorted, double, TEMPLATE_SAMPLES / 2), spread),
      (GDestroyNotify) dms_benchmark_result_unref);
}

static void
dms_template_benchmark_run_async (DmsBenchmark *benchmark,
                                  guint budget_ms,
                                  GCancellable *cancellable,
                                  DmsProgressCallback progress,
                                  gpointer progress_data,
                                  GDestroyNotify progress_destroy,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (benchmark, cancellable, callback, user_data);
  TemplateRun *run = g_new0 (TemplateRun, 1);

  g_task_set_source_tag (task, dms_template_benchmark_run_async);
  run->budget_ms = budget_ms != 0 ? MIN (budget_ms, TEMPLATE_MAX_MS) : TEMPLATE_DEFAULT_MS;
  run->context = g_main_context_ref (g_task_get_context (task));
  run->progress = progress;
  run->progress_data = progress_data;
  run->progress_destroy = progress_destroy;
  g_task_set_task_data (task, run, template_run_free);
  g_task_run_in_thread (task, template_run_in_thread);
}

static DmsBenchmarkResult *
dms_template_benchmark_run_finish (DmsBenchmark *benchmark, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_template_benchmark_iface_init (DmsBenchmarkInterface *iface)
{
  iface->get_id = dms_template_benchmark_get_id;
  iface->get_unit = dms_template_benchmark_get_unit;
  iface->get_method_version = dms_template_benchmark_get_method_version;
  iface->get_estimated_ms = dms_template_benchmark_get_estimated_ms;
  iface->run_async = dms_template_benchmark_run_async;
  iface->run_finish = dms_template_benchmark_run_finish;
}
