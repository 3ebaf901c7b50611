/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "message/dms-p2p-inbox.h"

#include <string.h>

#define DMS_P2P_INBOX_PREFIX "actor/"
#define DMS_P2P_INBOX_SUFFIX "/messages/0.0.1"

enum
{
  /* Ours: inboxes are IDs; a line of multistream has room for more. */
  DMS_P2P_INBOX_MAX_SIZE = 512,
};

static gboolean
dms_p2p_inbox_is_valid (const char *inbox, gsize size)
{
  if (size == 0 || size > DMS_P2P_INBOX_MAX_SIZE)
    return FALSE;
  for (gsize i = 0; i < size; i++)
    if (!g_ascii_isgraph (inbox[i]))
      return FALSE;
  return TRUE;
}

char *
dms_p2p_inbox_to_protocol (const char *inbox)
{
  if (!dms_p2p_inbox_is_valid (inbox, strlen (inbox)))
    return NULL;
  return g_strconcat (DMS_P2P_INBOX_PREFIX, inbox, DMS_P2P_INBOX_SUFFIX, NULL);
}

char *
dms_p2p_inbox_from_protocol (const char *protocol)
{
  const gsize fixed = strlen (DMS_P2P_INBOX_PREFIX) + strlen (DMS_P2P_INBOX_SUFFIX);
  const char *inbox = protocol + strlen (DMS_P2P_INBOX_PREFIX);
  gsize size = strlen (protocol);

  if (size <= fixed || !g_str_has_prefix (protocol, DMS_P2P_INBOX_PREFIX) ||
      !g_str_has_suffix (protocol, DMS_P2P_INBOX_SUFFIX))
    return NULL;
  return dms_p2p_inbox_is_valid (inbox, size - fixed) ? g_strndup (inbox, size - fixed) : NULL;
}
