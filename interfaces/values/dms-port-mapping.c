/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-port-mapping.h"

#include "dms-enum-types.h"
#include "values/dms-value-private.h"

/**
 * DmsPortMapping:
 *
 * A port of this machine that leads into a job. Immutable and counted.
 */
struct _DmsPortMapping
{
  char *host_ip;
  guint16 host_port;
  guint16 job_port;
  DmsPortProtocol protocol;
};

G_DEFINE_BOXED_TYPE (DmsPortMapping, dms_port_mapping, dms_port_mapping_ref, dms_port_mapping_unref)

static DmsPortProtocol
dms_port_mapping_read_protocol (DmsValueReader *reader, const char *member)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (DMS_TYPE_PORT_PROTOCOL);
  const char *text = dms_value_reader_get_text (reader, member);
  GEnumValue *value = text != NULL ? g_enum_get_value_by_nick (klass, text) : klass->values;

  if (value == NULL)
    dms_value_reader_fail (reader, member, "is not a known word");
  return value != NULL ? (DmsPortProtocol) value->value : 0;
}

static const char *
dms_port_mapping_write_protocol (DmsPortProtocol value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (DMS_TYPE_PORT_PROTOCOL);
  GEnumValue *found = g_enum_get_value (klass, (int) value);

  return found != NULL ? found->value_nick : klass->values[0].value_nick;
}

/**
 * dms_port_mapping_new:
 * @host_ip: (nullable): address of this machine; %NULL means every one
 * @host_port: port on this machine; 0 lets the system choose
 * @job_port: port inside the job
 * @protocol: what it carries
 *
 * Makes a mapping.
 *
 * Returns: (transfer full): the value
 */
DmsPortMapping *
dms_port_mapping_new (const char *host_ip,
                      guint16 host_port,
                      guint16 job_port,
                      DmsPortProtocol protocol)
{
  DmsPortMapping *self = g_atomic_rc_box_new0 (DmsPortMapping);

  self->host_ip = g_strdup (host_ip != NULL && host_ip[0] != '\0' ? host_ip : NULL);
  self->host_port = host_port;
  self->job_port = job_port;
  self->protocol = protocol;
  return self;
}

/**
 * dms_port_mapping_get_host_ip:
 * @self: a port mapping
 *
 * Returns: (transfer none) (nullable): address of this machine; %NULL means every one
 */
const char *
dms_port_mapping_get_host_ip (DmsPortMapping *self)
{
  return self->host_ip;
}

/**
 * dms_port_mapping_get_host_port:
 * @self: a port mapping
 *
 * Returns: port on this machine; 0 lets the system choose
 */
guint16
dms_port_mapping_get_host_port (DmsPortMapping *self)
{
  return self->host_port;
}

/**
 * dms_port_mapping_get_job_port:
 * @self: a port mapping
 *
 * Returns: port inside the job
 */
guint16
dms_port_mapping_get_job_port (DmsPortMapping *self)
{
  return self->job_port;
}

/**
 * dms_port_mapping_get_protocol:
 * @self: a port mapping
 *
 * Returns: what it carries
 */
DmsPortProtocol
dms_port_mapping_get_protocol (DmsPortMapping *self)
{
  return self->protocol;
}

/**
 * dms_port_mapping_new_from_json:
 * @node: (nullable): `{host_ip, host_port, job_port, protocol}`
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsPortMapping *
dms_port_mapping_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsPortMapping) self = g_atomic_rc_box_new0 (DmsPortMapping);

  dms_value_reader_open (&reader, node, "port mapping");
  self->host_ip = g_strdup (dms_value_reader_get_text (&reader, "host_ip"));
  self->host_port = dms_value_reader_get_uint (&reader, "host_port", G_MAXUINT16);
  self->job_port = dms_value_reader_get_uint (&reader, "job_port", G_MAXUINT16);
  self->protocol = dms_port_mapping_read_protocol (&reader, "protocol");
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_port_mapping_to_json:
 * @self: a port mapping
 *
 * Returns: (transfer full): `{host_ip, host_port, job_port, protocol}`
 */
JsonNode *
dms_port_mapping_to_json (DmsPortMapping *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_text (object, "host_ip", self->host_ip);
  json_object_set_member (object, "host_port", dms_value_new_uint_node (self->host_port));
  json_object_set_member (object, "job_port", dms_value_new_uint_node (self->job_port));
  json_object_set_string_member (object, "protocol", dms_port_mapping_write_protocol (self->protocol));
  return dms_value_take_object (object);
}

/**
 * dms_port_mapping_ref:
 * @self: a port mapping
 *
 * Returns: (transfer full): @self
 */
DmsPortMapping *
dms_port_mapping_ref (DmsPortMapping *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_port_mapping_clear (gpointer data)
{
  DmsPortMapping *self = data;

  g_free (self->host_ip);
}

/**
 * dms_port_mapping_unref:
 * @self: (transfer full): a port mapping
 *
 * Gives up a reference.
 */
void
dms_port_mapping_unref (DmsPortMapping *self)
{
  g_atomic_rc_box_release_full (self, dms_port_mapping_clear);
}

/**
 * dms_port_mapping_equal:
 * @a: a port mapping
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_port_mapping_equal (DmsPortMapping *a, DmsPortMapping *b)
{
  return g_strcmp0 (a->host_ip, b->host_ip) == 0
         && a->host_port == b->host_port
         && a->job_port == b->job_port
         && a->protocol == b->protocol;
}
