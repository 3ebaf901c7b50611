# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: stateful jobs
  What a job writes to a volume outlives it.

  Background:
    Given these nodes:
      | name  | role         |
      | Alice | orchestrator |
      | Bob   | provider     |
    And they are members of the organisation "nunet"

  Scenario Outline: Data persists on a local volume
    Given jobs run in a <executor>
    And a job with these allocations:
      | node | name | peer | volume            | runs                                |
      | here | main | Bob  | kept-<executor>   | echo kept > /kept-<executor>/letter |
    When Alice deploys it
    Then the deployment becomes Completed
    And the volume "kept-<executor>" of Bob has the file "letter" with "kept"
    And nothing of it is left

    @quick
    Examples: in a sandbox
      | executor |
      | process  |

    @engine
    Examples: in a container
      | executor |
      | docker   |

  Scenario: Data restored from local volume
    Given a job with these allocations:
      | node | name | peer | volume | runs                         |
      | here | main | Bob  | again  | echo "a letter" > /again/letter |
    When Alice deploys it
    Then the deployment becomes Completed
    Given a job with these allocations:
      | node | name | peer | volume | runs              |
      | here | main | Bob  | again  | cat /again/letter |
    When Alice deploys it
    Then the deployment becomes Completed
    And the output of "here.main" is "a letter"
    And nothing of it is left

  Scenario: Invalid local path: a directory that is not there
    Given Alice lends 1 core, a fifth of the memory and 2 GB of disk
    And a job with these allocations:
      | node | name | peer  | volume       | runs       |
      | here | main | Alice | /no/such/dir | echo never |
    When Alice deploys it
    Then the deployment becomes Failed within 90 s
    And its error says "/no/such/dir"
    And nothing of it is left

  # Directories of a machine are for its owner; others get volumes by name.
  Scenario: Invalid local path: a directory of somebody else's machine
    Given a job with these allocations:
      | node | name | peer | volume | runs           |
      | here | main | Bob  | /etc   | ls -l /etc/etc |
    When Alice deploys it
    Then the deployment becomes Failed within 90 s
    And its error says "only its owner may mount"
    And nothing of it is left

  @pending @needs:storage-glusterfs
  Scenario: Create GlusterFS volume
    When Alice creates the GlusterFS volume "shared" on Bob
    Then Bob lists the GlusterFS volume "shared"

  @pending @needs:storage-glusterfs
  Scenario: Delete GlusterFS volume
    When Alice deletes the GlusterFS volume "shared" on Bob
    Then Bob lists no GlusterFS volume "shared"

  @pending @needs:storage-glusterfs
  Scenario: Persist to GlusterFS
    When Alice deploys a task that writes to the GlusterFS volume "shared"
    Then the deployment becomes Completed

  @pending @needs:storage-glusterfs
  Scenario: Restore from GlusterFS
    When Alice deploys a task that reads the GlusterFS volume "shared"
    Then the deployment becomes Completed
