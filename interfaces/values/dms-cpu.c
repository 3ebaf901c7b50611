/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-cpu.h"

#include <math.h>

#include "values/dms-value-private.h"

enum
{
  DMS_CPU_MAX_CORES = 1000000,
};

/**
 * DmsCpu:
 *
 * A processor, or a requirement of one. Unset texts are %NULL and unset numbers 0; they match anything.
 * Immutable and counted.
 */
struct _DmsCpu
{
  gint64 centicores;
  double clock_hz;
  char *model;
  char *vendor;
  char *architecture;
  guint threads;
  guint64 cache_bytes;
};

G_DEFINE_BOXED_TYPE (DmsCpu, dms_cpu, dms_cpu_ref, dms_cpu_unref)

/**
 * dms_cpu_new:
 * @cores: number of cores, kept in hundredths
 * @clock_hz: clock in hertz; 0 when unknown
 *
 * Makes a processor of which only cores and clock are known or asked.
 *
 * Returns: (transfer full): the value
 */
DmsCpu *
dms_cpu_new (double cores, double clock_hz)
{
  return dms_cpu_new_full (cores, clock_hz, NULL, NULL, NULL, 0, 0);
}

/**
 * dms_cpu_new_full:
 * @cores: number of cores, kept in hundredths
 * @clock_hz: clock in hertz; 0 when unknown
 * @model: (nullable): model
 * @vendor: (nullable): maker
 * @architecture: (nullable): architecture, such as `amd64`
 * @threads: hardware threads; 0 when unknown
 * @cache_bytes: cache size in bytes; 0 when unknown
 *
 * Makes a processor with every property.
 *
 * Returns: (transfer full): the value
 */
DmsCpu *
dms_cpu_new_full (double cores,
                  double clock_hz,
                  const char *model,
                  const char *vendor,
                  const char *architecture,
                  guint threads,
                  guint64 cache_bytes)
{
  DmsCpu *self = g_atomic_rc_box_new0 (DmsCpu);

  self->centicores = isfinite (cores) && cores > 0 ? llround (MIN (cores, DMS_CPU_MAX_CORES) * 100) : 0;
  self->clock_hz = isfinite (clock_hz) && clock_hz > 0 ? clock_hz : 0;
  self->model = g_strdup (model != NULL && model[0] != '\0' ? model : NULL);
  self->vendor = g_strdup (vendor != NULL && vendor[0] != '\0' ? vendor : NULL);
  self->architecture = g_strdup (architecture != NULL && architecture[0] != '\0' ? architecture : NULL);
  self->threads = threads;
  self->cache_bytes = cache_bytes;
  return self;
}

/**
 * dms_cpu_get_cores:
 * @self: a processor
 *
 * Returns: number of cores, exact to hundredths
 */
double
dms_cpu_get_cores (DmsCpu *self)
{
  return (double) self->centicores / 100;
}

/**
 * dms_cpu_get_clock_hz:
 * @self: a processor
 *
 * Returns: clock in hertz
 */
double
dms_cpu_get_clock_hz (DmsCpu *self)
{
  return self->clock_hz;
}

/**
 * dms_cpu_get_model:
 * @self: a processor
 *
 * Returns: (transfer none) (nullable): model
 */
const char *
dms_cpu_get_model (DmsCpu *self)
{
  return self->model;
}

/**
 * dms_cpu_get_vendor:
 * @self: a processor
 *
 * Returns: (transfer none) (nullable): maker
 */
const char *
dms_cpu_get_vendor (DmsCpu *self)
{
  return self->vendor;
}

/**
 * dms_cpu_get_architecture:
 * @self: a processor
 *
 * Returns: (transfer none) (nullable): architecture, such as `amd64`
 */
const char *
dms_cpu_get_architecture (DmsCpu *self)
{
  return self->architecture;
}

/**
 * dms_cpu_get_threads:
 * @self: a processor
 *
 * Returns: hardware threads
 */
guint
dms_cpu_get_threads (DmsCpu *self)
{
  return self->threads;
}

/**
 * dms_cpu_get_cache_bytes:
 * @self: a processor
 *
 * Returns: cache size in bytes
 */
guint64
dms_cpu_get_cache_bytes (DmsCpu *self)
{
  return self->cache_bytes;
}

/**
 * dms_cpu_new_from_json:
 * @node: (nullable): a CPU (specification, types §3)
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsCpu *
dms_cpu_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsCpu) self = g_atomic_rc_box_new0 (DmsCpu);

  dms_value_reader_open (&reader, node, "processor");
  self->centicores = llround (dms_value_reader_get_number (&reader, "cores", DMS_CPU_MAX_CORES) * 100);
  self->clock_hz = dms_value_reader_get_number (&reader, "clock_speed", 1e18);
  self->model = g_strdup (dms_value_reader_get_text (&reader, "model"));
  self->vendor = g_strdup (dms_value_reader_get_text (&reader, "vendor"));
  self->architecture = g_strdup (dms_value_reader_get_text (&reader, "architecture"));
  self->threads = dms_value_reader_get_uint (&reader, "threads", G_MAXUINT);
  self->cache_bytes = dms_value_reader_get_uint (&reader, "cache_size", G_MAXINT64);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_cpu_to_json:
 * @self: a processor
 *
 * Returns: (transfer full): a CPU (specification, types §3)
 */
JsonNode *
dms_cpu_to_json (DmsCpu *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_number (object, "clock_speed", self->clock_hz);
  json_object_set_member (object, "cores", dms_value_new_number_node (dms_cpu_get_cores (self)));
  dms_value_set_text (object, "model", self->model);
  dms_value_set_text (object, "vendor", self->vendor);
  dms_value_set_uint (object, "threads", self->threads);
  dms_value_set_text (object, "architecture", self->architecture);
  dms_value_set_uint (object, "cache_size", self->cache_bytes);
  return dms_value_take_object (object);
}

/**
 * dms_cpu_ref:
 * @self: a processor
 *
 * Returns: (transfer full): @self
 */
DmsCpu *
dms_cpu_ref (DmsCpu *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_cpu_clear (gpointer data)
{
  DmsCpu *self = data;

  g_free (self->model);
  g_free (self->vendor);
  g_free (self->architecture);
}

/**
 * dms_cpu_unref:
 * @self: (transfer full): a processor
 *
 * Gives up a reference.
 */
void
dms_cpu_unref (DmsCpu *self)
{
  g_atomic_rc_box_release_full (self, dms_cpu_clear);
}

/**
 * dms_cpu_equal:
 * @a: a processor
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_cpu_equal (DmsCpu *a, DmsCpu *b)
{
  return a->centicores == b->centicores
         && a->clock_hz == b->clock_hz
         && g_strcmp0 (a->model, b->model) == 0
         && g_strcmp0 (a->vendor, b->vendor) == 0
         && g_strcmp0 (a->architecture, b->architecture) == 0
         && a->threads == b->threads
         && a->cache_bytes == b->cache_bytes;
}
