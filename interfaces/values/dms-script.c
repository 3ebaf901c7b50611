/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-script.h"

#include "values/dms-value-private.h"

/**
 * DmsScript:
 *
 * A named piece of bytes given to a job: a provision script or a key file. Immutable and counted.
 */
struct _DmsScript
{
  char *name;
  GBytes *content;
};

G_DEFINE_BOXED_TYPE (DmsScript, dms_script, dms_script_ref, dms_script_unref)

/**
 * dms_script_new:
 * @name: name
 * @content: (nullable): content
 *
 * Makes a script.
 *
 * Returns: (transfer full): the value
 */
DmsScript *
dms_script_new (const char *name, GBytes *content)
{
  DmsScript *self = g_atomic_rc_box_new0 (DmsScript);

  self->name = g_strdup (name != NULL && name[0] != '\0' ? name : NULL);
  self->content = content != NULL ? g_bytes_ref (content) : g_bytes_new_static ("", 0);
  return self;
}

/**
 * dms_script_get_name:
 * @self: a script
 *
 * Returns: (transfer none): name
 */
const char *
dms_script_get_name (DmsScript *self)
{
  return self->name;
}

/**
 * dms_script_get_content:
 * @self: a script
 *
 * Returns: (transfer none): content
 */
GBytes *
dms_script_get_content (DmsScript *self)
{
  return self->content;
}

/**
 * dms_script_new_from_json:
 * @node: (nullable): `{name, content}`, the content in base64
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsScript *
dms_script_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsScript) self = g_atomic_rc_box_new0 (DmsScript);

  dms_value_reader_open (&reader, node, "script");
  self->name = g_strdup (dms_value_reader_get_text (&reader, "name"));
  self->content = dms_value_reader_dup_base64 (&reader, "content", DMS_VALUE_MAX_BYTES);
  if (self->content == NULL)
    self->content = g_bytes_new_static ("", 0);
  if (self->name == NULL)
    dms_value_reader_fail (&reader, "name", "is missing");
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_script_to_json:
 * @self: a script
 *
 * Returns: (transfer full): `{name, content}`, the content in base64
 */
JsonNode *
dms_script_to_json (DmsScript *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", self->name != NULL ? self->name : "");
  dms_value_set_base64 (object, "content", self->content);
  return dms_value_take_object (object);
}

/**
 * dms_script_ref:
 * @self: a script
 *
 * Returns: (transfer full): @self
 */
DmsScript *
dms_script_ref (DmsScript *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_script_clear (gpointer data)
{
  DmsScript *self = data;

  g_free (self->name);
  g_clear_pointer (&self->content, g_bytes_unref);
}

/**
 * dms_script_unref:
 * @self: (transfer full): a script
 *
 * Gives up a reference.
 */
void
dms_script_unref (DmsScript *self)
{
  g_atomic_rc_box_release_full (self, dms_script_clear);
}

/**
 * dms_script_equal:
 * @a: a script
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_script_equal (DmsScript *a, DmsScript *b)
{
  return g_strcmp0 (a->name, b->name) == 0
         && g_bytes_equal (a->content, b->content);
}
