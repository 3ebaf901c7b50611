/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-usage.h"

#include <math.h>

#include "values/dms-value-private.h"

/**
 * DmsUsage:
 *
 * What a job uses and has used. Immutable and counted.
 */
struct _DmsUsage
{
  double cpu_percent;
  guint64 cpu_time_us;
  guint64 memory_bytes;
  guint64 memory_peak_bytes;
  guint64 memory_limit_bytes;
  guint64 network_rx_bytes;
  guint64 network_tx_bytes;
  guint64 disk_bytes;
  guint pids;
};

G_DEFINE_BOXED_TYPE (DmsUsage, dms_usage, dms_usage_ref, dms_usage_unref)

/**
 * dms_usage_new:
 * @cpu_percent: share of processors used now; 100 is one whole core
 * @cpu_time_us: processor time used so far, in microseconds
 * @memory_bytes: memory used now, in bytes
 * @memory_peak_bytes: most memory used so far, in bytes
 * @memory_limit_bytes: memory limit in bytes; 0 for none
 * @network_rx_bytes: bytes received so far
 * @network_tx_bytes: bytes sent so far
 * @disk_bytes: bytes the job keeps on disk
 * @pids: processes and threads now
 *
 * Makes a usage.
 *
 * Returns: (transfer full): the value
 */
DmsUsage *
dms_usage_new (double cpu_percent,
               guint64 cpu_time_us,
               guint64 memory_bytes,
               guint64 memory_peak_bytes,
               guint64 memory_limit_bytes,
               guint64 network_rx_bytes,
               guint64 network_tx_bytes,
               guint64 disk_bytes,
               guint pids)
{
  DmsUsage *self = g_atomic_rc_box_new0 (DmsUsage);

  self->cpu_percent = isfinite (cpu_percent) && cpu_percent > 0 ? cpu_percent : 0;
  self->cpu_time_us = cpu_time_us;
  self->memory_bytes = memory_bytes;
  self->memory_peak_bytes = memory_peak_bytes;
  self->memory_limit_bytes = memory_limit_bytes;
  self->network_rx_bytes = network_rx_bytes;
  self->network_tx_bytes = network_tx_bytes;
  self->disk_bytes = disk_bytes;
  self->pids = pids;
  return self;
}

/**
 * dms_usage_get_cpu_percent:
 * @self: a usage
 *
 * Returns: share of processors used now; 100 is one whole core
 */
double
dms_usage_get_cpu_percent (DmsUsage *self)
{
  return self->cpu_percent;
}

/**
 * dms_usage_get_cpu_time_us:
 * @self: a usage
 *
 * Returns: processor time used so far, in microseconds
 */
guint64
dms_usage_get_cpu_time_us (DmsUsage *self)
{
  return self->cpu_time_us;
}

/**
 * dms_usage_get_memory_bytes:
 * @self: a usage
 *
 * Returns: memory used now, in bytes
 */
guint64
dms_usage_get_memory_bytes (DmsUsage *self)
{
  return self->memory_bytes;
}

/**
 * dms_usage_get_memory_peak_bytes:
 * @self: a usage
 *
 * Returns: most memory used so far, in bytes
 */
guint64
dms_usage_get_memory_peak_bytes (DmsUsage *self)
{
  return self->memory_peak_bytes;
}

/**
 * dms_usage_get_memory_limit_bytes:
 * @self: a usage
 *
 * Returns: memory limit in bytes; 0 for none
 */
guint64
dms_usage_get_memory_limit_bytes (DmsUsage *self)
{
  return self->memory_limit_bytes;
}

/**
 * dms_usage_get_network_rx_bytes:
 * @self: a usage
 *
 * Returns: bytes received so far
 */
guint64
dms_usage_get_network_rx_bytes (DmsUsage *self)
{
  return self->network_rx_bytes;
}

/**
 * dms_usage_get_network_tx_bytes:
 * @self: a usage
 *
 * Returns: bytes sent so far
 */
guint64
dms_usage_get_network_tx_bytes (DmsUsage *self)
{
  return self->network_tx_bytes;
}

/**
 * dms_usage_get_disk_bytes:
 * @self: a usage
 *
 * Returns: bytes the job keeps on disk
 */
guint64
dms_usage_get_disk_bytes (DmsUsage *self)
{
  return self->disk_bytes;
}

/**
 * dms_usage_get_pids:
 * @self: a usage
 *
 * Returns: processes and threads now
 */
guint
dms_usage_get_pids (DmsUsage *self)
{
  return self->pids;
}

/**
 * dms_usage_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsUsage *
dms_usage_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsUsage) self = g_atomic_rc_box_new0 (DmsUsage);

  dms_value_reader_open (&reader, node, "usage");
  self->cpu_percent = dms_value_reader_get_number (&reader, "cpu_percent", 1e18);
  self->cpu_time_us = dms_value_reader_get_uint (&reader, "cpu_time_us", G_MAXINT64);
  self->memory_bytes = dms_value_reader_get_uint (&reader, "memory_bytes", G_MAXINT64);
  self->memory_peak_bytes = dms_value_reader_get_uint (&reader, "memory_peak_bytes", G_MAXINT64);
  self->memory_limit_bytes = dms_value_reader_get_uint (&reader, "memory_limit_bytes", G_MAXINT64);
  self->network_rx_bytes = dms_value_reader_get_uint (&reader, "network_rx_bytes", G_MAXINT64);
  self->network_tx_bytes = dms_value_reader_get_uint (&reader, "network_tx_bytes", G_MAXINT64);
  self->disk_bytes = dms_value_reader_get_uint (&reader, "disk_bytes", G_MAXINT64);
  self->pids = dms_value_reader_get_uint (&reader, "pids", G_MAXUINT);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_usage_to_json:
 * @self: a usage
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_usage_to_json (DmsUsage *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "cpu_percent", dms_value_new_number_node (self->cpu_percent));
  json_object_set_member (object, "cpu_time_us", dms_value_new_uint_node (self->cpu_time_us));
  json_object_set_member (object, "memory_bytes", dms_value_new_uint_node (self->memory_bytes));
  json_object_set_member (object, "memory_peak_bytes", dms_value_new_uint_node (self->memory_peak_bytes));
  json_object_set_member (object, "memory_limit_bytes", dms_value_new_uint_node (self->memory_limit_bytes));
  json_object_set_member (object, "network_rx_bytes", dms_value_new_uint_node (self->network_rx_bytes));
  json_object_set_member (object, "network_tx_bytes", dms_value_new_uint_node (self->network_tx_bytes));
  json_object_set_member (object, "disk_bytes", dms_value_new_uint_node (self->disk_bytes));
  json_object_set_member (object, "pids", dms_value_new_uint_node (self->pids));
  return dms_value_take_object (object);
}

/**
 * dms_usage_ref:
 * @self: a usage
 *
 * Returns: (transfer full): @self
 */
DmsUsage *
dms_usage_ref (DmsUsage *self)
{
  return g_atomic_rc_box_acquire (self);
}

/**
 * dms_usage_unref:
 * @self: (transfer full): a usage
 *
 * Gives up a reference.
 */
void
dms_usage_unref (DmsUsage *self)
{
  g_atomic_rc_box_release (self);
}

/**
 * dms_usage_equal:
 * @a: a usage
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_usage_equal (DmsUsage *a, DmsUsage *b)
{
  return a->cpu_percent == b->cpu_percent
         && a->cpu_time_us == b->cpu_time_us
         && a->memory_bytes == b->memory_bytes
         && a->memory_peak_bytes == b->memory_peak_bytes
         && a->memory_limit_bytes == b->memory_limit_bytes
         && a->network_rx_bytes == b->network_rx_bytes
         && a->network_tx_bytes == b->network_tx_bytes
         && a->disk_bytes == b->disk_bytes
         && a->pids == b->pids;
}
