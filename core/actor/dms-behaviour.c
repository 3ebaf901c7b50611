/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-behaviour.h"

struct _DmsBehaviour
{
  grefcount references;
  char *path;
  char *capability;
  char *topic;
  DmsBehaviourFlags flags;
  guint64 expiry_ns;
  DmsBehaviourFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
};

DmsBehaviour *
dms_behaviour_new (const char *path,
                   DmsBehaviourFlags flags,
                   const char *capability,
                   const char *topic,
                   guint64 expiry_ns,
                   DmsBehaviourFunc func,
                   gpointer user_data,
                   GDestroyNotify destroy)
{
  DmsBehaviour *self = g_new0 (DmsBehaviour, 1);

  g_ref_count_init (&self->references);
  self->path = g_strdup (path);
  self->capability = g_strdup (capability != NULL ? capability : path);
  self->topic = g_strdup (topic);
  self->flags = flags;
  self->expiry_ns = expiry_ns;
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

DmsBehaviour *
dms_behaviour_ref (DmsBehaviour *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
dms_behaviour_unref (DmsBehaviour *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self->path);
  g_free (self->capability);
  g_free (self->topic);
  g_free (self);
}

const char *
dms_behaviour_get_path (DmsBehaviour *self)
{
  return self->path;
}

DmsBehaviourFlags
dms_behaviour_get_flags (DmsBehaviour *self)
{
  return self->flags;
}

const char *
dms_behaviour_get_capability (DmsBehaviour *self)
{
  return self->capability;
}

const char *
dms_behaviour_get_topic (DmsBehaviour *self)
{
  return self->topic;
}

gboolean
dms_behaviour_is_expired (DmsBehaviour *self, guint64 now_ns)
{
  return self->expiry_ns != 0 && self->expiry_ns < now_ns;
}

gboolean
dms_behaviour_accepts (DmsBehaviour *self, DmsEnvelope *envelope, guint64 now_ns)
{
  if (dms_behaviour_is_expired (self, now_ns))
    return FALSE;
  if ((self->flags & DMS_BEHAVIOUR_BROADCAST) != 0)
    return dms_envelope_is_broadcast (envelope)
           && g_strcmp0 (self->topic, dms_envelope_get_topic (envelope)) == 0;
  return !dms_envelope_is_broadcast (envelope);
}

void
dms_behaviour_run (DmsBehaviour *self, DmsActor *actor, DmsMessage *message)
{
  self->func (actor, message, self->user_data);
}
