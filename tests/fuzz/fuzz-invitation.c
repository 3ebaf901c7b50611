/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "capability/dms-invitation.h"

/* Wraps the bytes as a text, so that the reader of the content is reached. */
static char *
wrap (const guint8 *data, gsize size)
{
  g_autofree char *body = g_base64_encode (data, size);

  g_strdelimit (body, "+", '-');
  g_strdelimit (body, "/", '_');
  while (g_str_has_suffix (body, "="))
    body[strlen (body) - 1] = '\0';
  return g_strconcat (DMS_INVITATION_PREFIX, body, NULL);
}

/* A text that is read is the one that would be written, shows nothing that is not printed, and can be
 * accepted or refused. */
static void
try_text (const char *text, gsize size)
{
  g_autoptr (DmsInvitation) invitation = dms_invitation_new_from_text (text, size, NULL);
  g_autoptr (DmsKey) key = NULL;
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autofree char *again = NULL;

  if (invitation == NULL)
    return;
  again = dms_invitation_to_text (invitation);
  g_assert_cmpmem (again, strlen (again), text, size);
  for (const char *at = dms_invitation_get_name (invitation); *at != '\0'; at = g_utf8_next_char (at))
    g_assert_true (g_unichar_isprint (g_utf8_get_char (at)));
  dms_invitation_verify (invitation, 1, NULL);
  key = dms_key_generate ();
  context = dms_capability_context_new (dms_key_get_did (key), key);
  dms_invitation_is_joined (invitation, context);
  if (!dms_invitation_accept (invitation, context, NULL))
    return;
  g_assert_true (dms_invitation_is_joined (invitation, context));
}

/* What is shown before it is signed is all that is signed. */
static void
try_signed (const guint8 *data, gsize size)
{
  g_autoptr (GByteArray) array = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DmsInvitation) invitation = NULL;

  g_byte_array_append (
      array, (const guint8 *) DMS_INVITATION_SIGNED_PREFIX, strlen (DMS_INVITATION_SIGNED_PREFIX));
  g_byte_array_append (array, data, (guint) size);
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&array));
  invitation = dms_invitation_new_from_signed_bytes (bytes, NULL);
  g_assert_false (invitation != NULL && dms_invitation_verify (invitation, 1, NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *wrapped = wrap (data, size);

  try_text ((const char *) data, size);
  try_text (wrapped, strlen (wrapped));
  try_signed (data, size);
  return 0;
}
