/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-port-config.h"

#include "jobs/dms-job-json.h"

struct _DmsPortConfig
{
  guint16 public_port;
  guint16 private_port;
  char *allocation;
};

G_DEFINE_BOXED_TYPE (DmsPortConfig, dms_port_config, dms_port_config_ref, dms_port_config_unref)

DmsPortConfig *
dms_port_config_new (guint16 public_port, guint16 private_port, const char *allocation)
{
  DmsPortConfig *self = g_atomic_rc_box_new0 (DmsPortConfig);

  self->public_port = public_port;
  self->private_port = private_port;
  self->allocation = g_strdup (allocation);
  return self;
}

guint16
dms_port_config_get_public (DmsPortConfig *self)
{
  return self->public_port;
}

guint16
dms_port_config_get_private (DmsPortConfig *self)
{
  return self->private_port;
}

const char *
dms_port_config_get_allocation (DmsPortConfig *self)
{
  return self->allocation;
}

JsonNode *
dms_port_config_to_json (DmsPortConfig *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "public", self->public_port);
  json_object_set_int_member (object, "private", self->private_port);
  json_object_set_string_member (object, "allocation", self->allocation);
  return dms_job_json_take_object (object);
}

DmsPortConfig *
dms_port_config_ref (DmsPortConfig *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
port_config_clear (gpointer data)
{
  DmsPortConfig *self = data;

  g_free (self->allocation);
}

void
dms_port_config_unref (DmsPortConfig *self)
{
  g_atomic_rc_box_release_full (self, port_config_clear);
}
