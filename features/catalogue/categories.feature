Feature: Categories
  A tree of places where products are found; what is below a category is in it.

  Background:
    Given a category "Clothes"
    And a category "Shirts" in "Clothes"
    And a category "Polos" in "Shirts"
    And a product "polo" at 34.90 EUR in the category "Polos"

  Scenario: Found in every category above
    Then "polo" is found in "Polos", "Shirts", "Clothes"

  Scenario: One word in URLs for one category
    When the merchant adds a category "Shoes" with the slug "shirts"
    Then the merchant is told already_exists

  Scenario: What was below a removed category moves up
    When the merchant removes the category "Shirts"
    Then "Polos" is in "Clothes"
    And "polo" is found in "Polos", "Clothes"

  Scenario: No category is above itself
    When the merchant moves "Clothes" into "Polos"
    Then the merchant is told validation_failed

  Scenario: A category renamed is renamed on its products
    When the merchant renames the category "Polos" to "Polo shirts"
    Then the shop shows "polo" in "Polo shirts"

  Scenario: Siblings in the order of their positions
    Given a category "Ties" in "Clothes" at position 3
    And a category "Hats" in "Clothes" at position 1
    And a category "Belts" in "Clothes" at position 2
    Then the categories in "Clothes" are, in this order: Shirts, Hats, Belts, Ties

  Scenario: The top ones first
    Given a category "Kitchen"
    Then the first two categories are at the top
