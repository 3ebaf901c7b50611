/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "p2p-command.h"

P2pCommand *
p2p_command_new (P2pNode *node, JsonObject *arguments)
{
  P2pCommand *self = g_new0 (P2pCommand, 1);

  self->node = node;
  self->arguments = json_object_ref (arguments);
  self->id = json_object_get_int_member_with_default (arguments, "id", 0);
  self->begin_us = g_get_monotonic_time ();
  return self;
}

void
p2p_command_free (P2pCommand *self)
{
  json_object_unref (self->arguments);
  g_free (self->why);
  g_free (self->bytes);
  g_free (self);
}

void
p2p_command_answer (P2pCommand *self, JsonObject *object)
{
  json_object_set_int_member (object, "id", self->id);
  p2p_say (object);
  p2p_command_free (self);
}

void
p2p_command_answer_timed (P2pCommand *self, JsonObject *object)
{
  json_object_set_int_member (object, "us", g_get_monotonic_time () - self->begin_us);
  p2p_command_answer (self, object);
}

void
p2p_command_fail (P2pCommand *self, const GError *error)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "error", error != NULL ? error->message : "ended early");
  p2p_command_answer (self, object);
}

const char *
p2p_command_get_text (P2pCommand *self, const char *name, const char *otherwise)
{
  return json_object_get_string_member_with_default (self->arguments, name, otherwise);
}

gint64
p2p_command_get_number (P2pCommand *self, const char *name, gint64 otherwise)
{
  return json_object_get_int_member_with_default (self->arguments, name, otherwise);
}

gboolean
p2p_command_get_boolean (P2pCommand *self, const char *name, gboolean otherwise)
{
  return json_object_get_boolean_member_with_default (self->arguments, name, otherwise);
}

GStrv
p2p_command_dup_texts (P2pCommand *self, const char *name)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *array = NULL;

  if (!json_object_has_member (self->arguments, name))
    return NULL;
  array = json_object_get_array_member (self->arguments, name);
  for (guint i = 0; i < json_array_get_length (array); i++)
    g_strv_builder_add (builder, json_array_get_string_element (array, i));
  return g_strv_builder_end (builder);
}

DmsPeerId *
p2p_command_dup_peer (P2pCommand *self, GError **error)
{
  return dms_peer_id_new (p2p_command_get_text (self, "peer", ""), error);
}
