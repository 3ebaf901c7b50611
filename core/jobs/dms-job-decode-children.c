/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-job-units.h"

/* Reads an allocation's `children` (docs/workflows.md). Nothing of it has a default but what takes rights
 * away. */

#define MAX_LIFETIME_US (G_GINT64_CONSTANT (30) * 24 * 3600 * G_USEC_PER_SEC)

static gint64
decode_lifetime (DmsJobReader *children)
{
  g_autofree char *text =
      dms_job_reader_dup_string (children, "lifetime", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  g_autofree char *why = NULL;
  gint64 ns = 0;

  if (text == NULL || *text == '\0')
    return 0;
  if (!dms_job_units_parse_duration (text, &ns, &why))
    dms_job_reader_error (children, "lifetime", "%s, got \"%.40s\"", why, text);
  else if (ns / 1000 < G_USEC_PER_SEC || ns / 1000 > MAX_LIFETIME_US)
    dms_job_reader_error (children, "lifetime", "must be from 1s to 720h, got \"%.40s\"", text);
  return ns / 1000;
}

DmsChildBudget *
dms_job_decode_children (DmsJobReader *allocation, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) children = dms_job_reader_open (allocation, "children", DMS_JOB_READ_OPTIONAL);
  g_autoptr (DmsChildBudget) self = NULL;

  if (children == NULL)
    return NULL;
  self = dms_child_budget_new ();
  (void) dms_job_reader_get (children, "max_deployments", DMS_JOB_READ_REQUIRED);
  self->max_deployments =
      (guint) dms_job_reader_get_int (children, "max_deployments", 1, DMS_CHILD_BUDGET_MAX_DEPLOYMENTS, 1);
  self->resources = dms_job_decode_resources (children, scope);
  self->lifetime_us = decode_lifetime (children);
  self->depth = (guint) dms_job_reader_get_int (children, "depth", 1, DMS_CHILD_BUDGET_MAX_DEPTH, 1);
  self->may_detach = dms_job_reader_get_bool (children, "may_detach", FALSE);
  dms_job_reader_finish (children);
  return g_steal_pointer (&self);
}
