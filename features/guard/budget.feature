@rest
Feature: Nobody can keep the shop busy alone
  Each client has a budget of points: looking costs 1, changing something 10. It fills up again steadily. Who has spent it is told when to
  come back; nobody else notices.

  Background:
    Given a shop where an address may have 100 points, of which 4 come back each second
    And a product "shirt" at 19.90 EUR with stock 5

  Scenario: Somebody opens carts without end
    When somebody at 203.0.113.7 opens 11 carts
    Then 10 are opened and 1 is told too_many_requests, and when to come back
    And somebody at 203.0.113.8 can open a cart
    And the merchant can open a cart
    When somebody at 203.0.113.7 has waited as long as they were told
    Then somebody at 203.0.113.7 can open a cart

  Scenario: What is said of the budget
    When somebody at 203.0.113.7 opens 1 cart
    Then the answer says that 90 of 100 points are left, and that 25 s restore them all

  Scenario: What everybody may see costs nothing
    When somebody at 203.0.113.7 looks at "shirt" 300 times
    Then they see it each time, and nothing is said of a budget
    And somebody at 203.0.113.7 can open a cart

  Scenario: Who is not on this machine can't choose whom they are taken for
    When somebody at 203.0.113.7, who says to be 198.51.100.1 first, opens 11 carts
    Then 10 are opened and 1 is told too_many_requests, and when to come back

  Scenario: Guessing tokens is slow
    When somebody at 203.0.113.7 tries 11 tokens
    Then 10 are told unauthenticated and 1 is told too_many_requests, and when to come back
