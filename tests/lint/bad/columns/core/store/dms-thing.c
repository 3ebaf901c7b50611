/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* A line that goes on and on, A line that goes on and on, A line that goes on and on, A line that goes on and on, A line that goes on and on, */
int dms_tab;	
int dms_blank; 
