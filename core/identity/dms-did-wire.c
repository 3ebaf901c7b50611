/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-did-wire.h"

DmsDid *
dms_did_wire_read (DmsWireReader *reader)
{
  static const char * const names[] = { "uri", NULL };
  g_autofree char *uri = NULL;
  g_autoptr (GError) local = NULL;
  DmsDid *did = NULL;

  if (dms_wire_reader_enter_object (reader))
    while (dms_wire_reader_next_member (reader, names) >= 0)
      uri = dms_wire_reader_read_string (reader);
  if (uri == NULL || *uri == '\0')
    return dms_did_new_empty ();
  did = dms_did_new (uri, &local);
  if (did != NULL)
    return did;
  dms_wire_reader_fail (reader, "%s", local->message);
  return dms_did_new_empty ();
}

void
dms_did_wire_write (DmsDid *did, DmsWireWriter *writer, const char *name)
{
  dms_wire_writer_begin_object (writer, name);
  if (!dms_did_is_empty (did))
    dms_wire_writer_add_string (writer, "uri", dms_did_get_uri (did));
  dms_wire_writer_end_object (writer);
}
