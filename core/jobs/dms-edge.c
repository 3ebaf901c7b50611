/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-edge.h"

#include "jobs/dms-job-json.h"

struct _DmsEdge
{
  char *source;
  char *target;
  guint rtt_ms;
  guint64 bandwidth;
};

G_DEFINE_BOXED_TYPE (DmsEdge, dms_edge, dms_edge_ref, dms_edge_unref)

DmsEdge *
dms_edge_new (const char *source, const char *target, guint rtt_ms, guint64 bandwidth)
{
  DmsEdge *self = g_atomic_rc_box_new0 (DmsEdge);

  self->source = g_strdup (source);
  self->target = g_strdup (target);
  self->rtt_ms = rtt_ms;
  self->bandwidth = bandwidth;
  return self;
}

const char *
dms_edge_get_source (DmsEdge *self)
{
  return self->source;
}

const char *
dms_edge_get_target (DmsEdge *self)
{
  return self->target;
}

guint
dms_edge_get_rtt_ms (DmsEdge *self)
{
  return self->rtt_ms;
}

guint64
dms_edge_get_bandwidth (DmsEdge *self)
{
  return self->bandwidth;
}

JsonNode *
dms_edge_to_json (DmsEdge *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "s", self->source);
  json_object_set_string_member (object, "t", self->target);
  if (self->rtt_ms > 0)
    json_object_set_int_member (object, "rtt", self->rtt_ms);
  if (self->bandwidth > 0)
    json_object_set_int_member (object, "bw", (gint64) self->bandwidth);
  return dms_job_json_take_object (object);
}

DmsEdge *
dms_edge_ref (DmsEdge *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
edge_clear (gpointer data)
{
  DmsEdge *self = data;

  g_free (self->source);
  g_free (self->target);
}

void
dms_edge_unref (DmsEdge *self)
{
  g_atomic_rc_box_release_full (self, edge_clear);
}
