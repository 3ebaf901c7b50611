/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-token-list.h"

#include <string.h>

#include "capability/dms-token-private.h"
#include "capability/dms-token-list-private.h"

#define MAX_TOKENS 4096
#define MAX_PART_SIZE (1024 * 1024)

struct _DmsTokenList
{
  GPtrArray *tokens;
};

G_DEFINE_BOXED_TYPE (DmsTokenList, dms_token_list, dms_token_list_ref, dms_token_list_unref)

static DmsTokenList *
new_for_array (GPtrArray *tokens)
{
  DmsTokenList *self = g_atomic_rc_box_new0 (DmsTokenList);

  self->tokens = tokens;
  return self;
}

static GPtrArray *
new_array (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) dms_token_unref);
}

DmsTokenList *
dms_token_list_new_empty (void)
{
  return new_for_array (new_array ());
}

DmsTokenList *
dms_token_list_new (GPtrArray *tokens)
{
  GPtrArray *copy = new_array ();

  for (guint i = 0; i < tokens->len; i++)
    g_ptr_array_add (copy, dms_token_ref (g_ptr_array_index (tokens, i)));
  return new_for_array (copy);
}

DmsTokenList *
dms_token_list_new_single (DmsToken *token)
{
  GPtrArray *tokens = new_array ();

  g_ptr_array_add (tokens, dms_token_ref (token));
  return new_for_array (tokens);
}

DmsTokenList *
dms_token_list_ref (DmsTokenList *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_list (gpointer data)
{
  g_ptr_array_unref (((DmsTokenList *) data)->tokens);
}

void
dms_token_list_unref (DmsTokenList *self)
{
  g_atomic_rc_box_release_full (self, clear_list);
}

static void
read_tokens (DmsWireReader *reader, GPtrArray *tokens, DmsChainTexts *chains)
{
  if (!dms_wire_reader_enter_array (reader))
    return;
  while (dms_wire_reader_next_element (reader))
    {
      DmsToken *token = dms_token_read (reader, chains);

      if (token != NULL)
        g_ptr_array_add (tokens, token);
      if (tokens->len > MAX_TOKENS)
        dms_wire_reader_fail (reader, "more than %d tokens", MAX_TOKENS);
    }
}

DmsTokenList *
dms_token_list_read (DmsWireReader *reader, DmsChainTexts *chains)
{
  static const char * const names[] = { "tok", "dms", NULL };
  g_autoptr (GPtrArray) tokens = new_array ();
  int name;

  if (dms_wire_reader_enter_object (reader))
    while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
      {
        DmsToken *single = NULL;

        if (name == 0)
          read_tokens (reader, tokens, chains);
        else
          single = dms_token_read_inner (reader, chains);
        if (single != NULL)
          g_ptr_array_add (tokens, single);
      }
  return new_for_array (g_steal_pointer (&tokens));
}

static DmsTokenList *
read_all (const char *data, gsize size, gsize max_size, DmsChainTexts *chains, GError **error)
{
  g_autoptr (DmsWireReader) reader = NULL;
  g_autoptr (DmsTokenList) self = NULL;

  if (size == 0)
    return dms_token_list_new_empty ();
  reader = dms_wire_reader_new (data, size, max_size, "token list");
  self = dms_token_list_read (reader, chains);
  return dms_wire_reader_finish (reader, error) ? g_steal_pointer (&self) : NULL;
}

DmsTokenList *
dms_token_list_new_from_data (const char *data, gsize size, gsize max_size, GError **error)
{
  return read_all (data, size, max_size, NULL, error);
}

DmsTokenList *
dms_token_list_new_from_bytes (GBytes *bytes, GError **error)
{
  return dms_token_list_new_knowing (bytes, NULL, error);
}

DmsTokenList *
dms_token_list_new_knowing (GBytes *bytes, DmsChainTexts *chains, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  return read_all (data, size, DMS_TOKEN_MAX_LIST_SIZE, chains, error);
}

/**
 * dms_token_list_new_from_member:
 * @object: a JSON object, such as the payload of a message
 *
 * Returns: (transfer full): the list; empty when there is no such member; NULL with DMS_ERROR_INVALID_DATA or
 *   DMS_ERROR_TOO_LARGE
 */
DmsTokenList *
dms_token_list_new_from_member (GBytes *object, const char *name, GError **error)
{
  const char *names[] = { name, NULL };
  gsize size = 0;
  const char *data = object != NULL ? g_bytes_get_data (object, &size) : NULL;
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (data, size, MAX_PART_SIZE, "message");
  g_autoptr (DmsTokenList) self = NULL;

  if (dms_wire_reader_enter_object (reader))
    while (dms_wire_reader_next_member (reader, names) >= 0)
      self = dms_token_list_read (reader, NULL);
  if (!dms_wire_reader_finish (reader, error))
    return NULL;
  return self != NULL ? g_steal_pointer (&self) : dms_token_list_new_empty ();
}

guint
dms_token_list_get_size (DmsTokenList *self)
{
  return self->tokens->len;
}

DmsToken *
dms_token_list_get (DmsTokenList *self, guint index)
{
  g_return_val_if_fail (index < self->tokens->len, NULL);
  return g_ptr_array_index (self->tokens, index);
}

DmsTokenList *
dms_token_list_join (DmsTokenList *a, DmsTokenList *b)
{
  GPtrArray *tokens = new_array ();

  for (guint i = 0; i < a->tokens->len; i++)
    g_ptr_array_add (tokens, dms_token_ref (g_ptr_array_index (a->tokens, i)));
  for (guint i = 0; i < b->tokens->len; i++)
    g_ptr_array_add (tokens, dms_token_ref (g_ptr_array_index (b->tokens, i)));
  return new_for_array (tokens);
}

void
dms_token_list_write (DmsTokenList *self, DmsWireWriter *writer, const char *name)
{
  dms_wire_writer_begin_object (writer, name);
  if (self->tokens->len > 0)
    {
      dms_wire_writer_begin_array (writer, "tok");
      for (guint i = 0; i < self->tokens->len; i++)
        dms_token_write (g_ptr_array_index (self->tokens, i), writer, NULL);
      dms_wire_writer_end_array (writer);
    }
  dms_wire_writer_end_object (writer);
}

char *
dms_token_list_to_string (DmsTokenList *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();

  dms_token_list_write (self, writer, NULL);
  return dms_wire_writer_end_string (writer);
}

GBytes *
dms_token_list_to_bytes (DmsTokenList *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();

  dms_token_list_write (self, writer, NULL);
  return dms_wire_writer_end (writer);
}
