/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-benchmark-result.h"

#include <math.h>

#include "values/dms-value-private.h"

/**
 * DmsBenchmarkResult:
 *
 * What a benchmark measured. Immutable and counted.
 */
struct _DmsBenchmarkResult
{
  char *benchmark;
  char *unit;
  guint method_version;
  GArray *samples;
  double score;
  double spread;
};

G_DEFINE_BOXED_TYPE (DmsBenchmarkResult,
                     dms_benchmark_result,
                     dms_benchmark_result_ref,
                     dms_benchmark_result_unref)

static GArray *
dms_benchmark_result_copy_samples (GArray *samples)
{
  GArray *copy = g_array_new (FALSE, FALSE, sizeof (double));

  if (samples != NULL && samples->len > 0)
    g_array_append_vals (copy, samples->data, samples->len);
  return copy;
}

static gboolean
dms_benchmark_result_samples_equal (GArray *a, GArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (g_array_index (a, double, i) != g_array_index (b, double, i))
      return FALSE;
  return TRUE;
}

static GArray *
dms_benchmark_result_read_samples (DmsValueReader *reader)
{
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (double));
  JsonArray *array = dms_value_reader_get_array (reader, "samples");
  guint n = array != NULL ? json_array_get_length (array) : 0;

  for (guint i = 0; i < n && reader->error == NULL; i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
      double sample = 0;

      if (type == G_TYPE_INT64 || type == G_TYPE_DOUBLE)
        sample = json_node_get_double (node);
      else
        dms_value_reader_fail (reader, "samples", "must be a list of numbers");
      g_array_append_val (samples, sample);
    }
  return samples;
}

static JsonArray *
dms_benchmark_result_write_samples (GArray *samples)
{
  JsonArray *array = json_array_sized_new (samples->len);

  for (guint i = 0; i < samples->len; i++)
    json_array_add_element (array, dms_value_new_number_node (g_array_index (samples, double, i)));
  return array;
}

/**
 * dms_benchmark_result_new:
 * @benchmark: the benchmark's id
 * @unit: (nullable): unit of the samples
 * @method_version: version of the method
 * @samples: (nullable) (element-type double): the samples; copied
 * @score: the score, in the unit
 * @spread: spread of the samples, in the unit
 *
 * Makes a result.
 *
 * Returns: (transfer full): the value
 */
DmsBenchmarkResult *
dms_benchmark_result_new (const char *benchmark,
                          const char *unit,
                          guint method_version,
                          GArray *samples,
                          double score,
                          double spread)
{
  DmsBenchmarkResult *self = g_atomic_rc_box_new0 (DmsBenchmarkResult);

  self->benchmark = g_strdup (benchmark != NULL && benchmark[0] != '\0' ? benchmark : NULL);
  self->unit = g_strdup (unit != NULL && unit[0] != '\0' ? unit : NULL);
  self->method_version = method_version;
  self->samples = dms_benchmark_result_copy_samples (samples);
  self->score = isfinite (score) && score > 0 ? score : 0;
  self->spread = isfinite (spread) && spread > 0 ? spread : 0;
  return self;
}

/**
 * dms_benchmark_result_get_benchmark:
 * @self: a benchmark result
 *
 * Returns: (transfer none): the benchmark's id
 */
const char *
dms_benchmark_result_get_benchmark (DmsBenchmarkResult *self)
{
  return self->benchmark;
}

/**
 * dms_benchmark_result_get_unit:
 * @self: a benchmark result
 *
 * Returns: (transfer none) (nullable): unit of the samples
 */
const char *
dms_benchmark_result_get_unit (DmsBenchmarkResult *self)
{
  return self->unit;
}

/**
 * dms_benchmark_result_get_method_version:
 * @self: a benchmark result
 *
 * Returns: version of the method
 */
guint
dms_benchmark_result_get_method_version (DmsBenchmarkResult *self)
{
  return self->method_version;
}

/**
 * dms_benchmark_result_get_samples:
 * @self: a benchmark result
 *
 * Returns: (transfer none) (element-type double): the samples; never %NULL
 */
GArray *
dms_benchmark_result_get_samples (DmsBenchmarkResult *self)
{
  return self->samples;
}

/**
 * dms_benchmark_result_get_score:
 * @self: a benchmark result
 *
 * Returns: the score, in the unit
 */
double
dms_benchmark_result_get_score (DmsBenchmarkResult *self)
{
  return self->score;
}

/**
 * dms_benchmark_result_get_spread:
 * @self: a benchmark result
 *
 * Returns: spread of the samples, in the unit
 */
double
dms_benchmark_result_get_spread (DmsBenchmarkResult *self)
{
  return self->spread;
}

/**
 * dms_benchmark_result_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsBenchmarkResult *
dms_benchmark_result_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsBenchmarkResult) self = g_atomic_rc_box_new0 (DmsBenchmarkResult);

  dms_value_reader_open (&reader, node, "benchmark result");
  self->benchmark = g_strdup (dms_value_reader_get_text (&reader, "benchmark"));
  self->unit = g_strdup (dms_value_reader_get_text (&reader, "unit"));
  self->method_version = dms_value_reader_get_uint (&reader, "method_version", G_MAXUINT);
  self->samples = dms_benchmark_result_read_samples (&reader);
  self->score = dms_value_reader_get_number (&reader, "score", 1e18);
  self->spread = dms_value_reader_get_number (&reader, "spread", 1e18);
  if (self->benchmark == NULL)
    dms_value_reader_fail (&reader, "benchmark", "is missing");
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_benchmark_result_to_json:
 * @self: a benchmark result
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_benchmark_result_to_json (DmsBenchmarkResult *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_text (object, "benchmark", self->benchmark);
  dms_value_set_text (object, "unit", self->unit);
  json_object_set_member (object, "method_version", dms_value_new_uint_node (self->method_version));
  json_object_set_array_member (object, "samples", dms_benchmark_result_write_samples (self->samples));
  json_object_set_member (object, "score", dms_value_new_number_node (self->score));
  json_object_set_member (object, "spread", dms_value_new_number_node (self->spread));
  return dms_value_take_object (object);
}

/**
 * dms_benchmark_result_ref:
 * @self: a benchmark result
 *
 * Returns: (transfer full): @self
 */
DmsBenchmarkResult *
dms_benchmark_result_ref (DmsBenchmarkResult *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_benchmark_result_clear (gpointer data)
{
  DmsBenchmarkResult *self = data;

  g_free (self->benchmark);
  g_free (self->unit);
  g_clear_pointer (&self->samples, g_array_unref);
}

/**
 * dms_benchmark_result_unref:
 * @self: (transfer full): a benchmark result
 *
 * Gives up a reference.
 */
void
dms_benchmark_result_unref (DmsBenchmarkResult *self)
{
  g_atomic_rc_box_release_full (self, dms_benchmark_result_clear);
}

/**
 * dms_benchmark_result_equal:
 * @a: a benchmark result
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_benchmark_result_equal (DmsBenchmarkResult *a, DmsBenchmarkResult *b)
{
  return g_strcmp0 (a->benchmark, b->benchmark) == 0
         && g_strcmp0 (a->unit, b->unit) == 0
         && a->method_version == b->method_version
         && dms_benchmark_result_samples_equal (a->samples, b->samples)
         && a->score == b->score
         && a->spread == b->spread;
}
