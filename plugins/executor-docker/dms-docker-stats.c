/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-docker-stats.h"

#include "dms-docker-json.h"

/* Memory in use without the page cache that the kernel gives back on demand, as `docker stats` counts it:
 * cgroup v1 has total_inactive_file and v2 inactive_file. */
static guint64
read_memory (JsonObject *memory)
{
  JsonObject *details = dms_docker_json_get_object (memory, "stats");
  guint64 usage = dms_docker_json_get_uint (memory, "usage");
  guint64 cache = 0;

  if (details != NULL)
    cache = dms_docker_json_get (details, "total_inactive_file") != NULL
                ? dms_docker_json_get_uint (details, "total_inactive_file")
                : dms_docker_json_get_uint (details, "inactive_file");
  return cache < usage ? usage - cache : usage;
}

static void
read_networks (JsonObject *stats, guint64 *rx, guint64 *tx)
{
  JsonObject *networks = dms_docker_json_get_object (stats, "networks");
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  *rx = 0;
  *tx = 0;
  if (networks == NULL)
    return;
  json_object_iter_init (&iter, networks);
  while (json_object_iter_next (&iter, &name, &node))
    {
      if (!JSON_NODE_HOLDS_OBJECT (node))
        continue;
      *rx += dms_docker_json_get_uint (json_node_get_object (node), "rx_bytes");
      *tx += dms_docker_json_get_uint (json_node_get_object (node), "tx_bytes");
    }
}

/* Reads an answer of the stats request.
 *
 * previous: (nullable): the reading before this one
 * elapsed_us: microseconds since that one, or since the start
 * disk_bytes: what is known from elsewhere */
DmsUsage *
dms_docker_stats_read (JsonObject *stats, DmsUsage *previous, gint64 elapsed_us, guint64 disk_bytes)
{
  JsonObject *cpu = dms_docker_json_get_object (dms_docker_json_get_object (stats, "cpu_stats"), "cpu_usage");
  JsonObject *memory = dms_docker_json_get_object (stats, "memory_stats");
  guint64 cpu_us = dms_docker_json_get_uint (cpu, "total_usage") / 1000;
  guint64 before_us = previous != NULL ? dms_usage_get_cpu_time_us (previous) : 0;
  guint64 used = read_memory (memory);
  guint64 limit = dms_docker_json_get_uint (memory, "limit");
  guint64 peak = MAX (used, dms_docker_json_get_uint (memory, "max_usage"));
  guint64 pids = dms_docker_json_get_uint (dms_docker_json_get_object (stats, "pids_stats"), "current");
  double percent = 0;
  guint64 rx, tx;

  if (previous != NULL)
    peak = MAX (peak, dms_usage_get_memory_peak_bytes (previous));
  if (elapsed_us > 0 && cpu_us > before_us)
    percent = (double) (cpu_us - before_us) / (double) elapsed_us * 100;
  read_networks (stats, &rx, &tx);
  return dms_usage_new (
      percent, cpu_us, used, peak, limit, rx, tx, disk_bytes, (guint) MIN (pids, G_MAXUINT));
}
